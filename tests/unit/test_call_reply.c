/* SPDX-License-Identifier: BSD-3-Clause */
/* Decoding the reply awaited: every status it can have, and damage of every kind. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/client/call_private.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"
#include "tests/support/random.h"

#define XID 5

static struct fake_clock fake;

static int setup(void **state)
{
	const struct call_target target = {
		.to = address_loopback(AF_INET, 9), /* nothing is sent */
		.socktype = SOCK_DGRAM,
		.prog = 1,
		.vers = 1,
	};

	fake_clock_init(&fake, 0);
	return call_open((CLIENT **)state, &target, &fake.clock, NS_PER_SEC);
}

static int teardown(void **state)
{
	clnt_destroy((CLIENT *)*state);
	return 0;
}

static enum clnt_stat decode(CLIENT *client, const struct message *m, int64_t *result)
{
	struct call *c = call_of(client);
	struct rpc_err error;
	enum clnt_stat status;

	memset(c->in, 0xff, sizeof(c->in)); /* as if longer replies had been there before */
	memcpy(c->in, m->bytes, m->len);
	c->in_len = m->len;
	status = call_decode(c, (xdrproc_t)xdr_int64_t, result);
	clnt_geterr(client, &error);
	assert_int_equal(error.re_status, status);
	return status;
}

static struct rpc_err decoded_error(CLIENT *client, const struct message *m)
{
	struct rpc_err error;
	int64_t result;

	decode(client, m, &result);
	clnt_geterr(client, &error);
	return error;
}

static struct message with_result(int64_t result)
{
	struct message m = message_reply(XID, SUCCESS);

	message_u64(&m, (uint64_t)result);
	return m;
}

static void a_result(void **state)
{
	const struct message m = with_result(-77);
	int64_t result = 0;

	assert_int_equal(decode(*state, &m, &result), RPC_SUCCESS);
	assert_int_equal(result, -77);
}

static void a_result_behind_the_longest_verifier(void **state)
{
	static const uint8_t body[MAX_AUTH_BYTES + 4] = { 1 };
	int64_t result = 0;

	for (size_t len = 0; len <= sizeof(body); len += 4) {
		struct message m = { .len = 0 };

		message_u32(&m, XID);
		message_u32(&m, REPLY);
		message_u32(&m, MSG_ACCEPTED);
		message_u32(&m, AUTH_SHORT);
		message_opaque(&m, body, len);
		message_u32(&m, SUCCESS);
		message_u64(&m, 78);
		assert_int_equal(decode(*state, &m, &result),
				 len <= MAX_AUTH_BYTES ? RPC_SUCCESS : RPC_CANTDECODERES);
	}
	assert_int_equal(result, 78);
}

static void errors_of_accepted_calls(void **state)
{
	static const struct {
		uint32_t on_wire;
		enum clnt_stat status;
		int error;
	} same[] = {
		{ PROG_UNAVAIL, RPC_PROGUNAVAIL, -EBADMSG },
		{ PROC_UNAVAIL, RPC_PROCUNAVAIL, -EOPNOTSUPP },
		{ GARBAGE_ARGS, RPC_CANTDECODEARGS, -EBADMSG },
		{ SYSTEM_ERR, RPC_SYSTEMERROR, -EBADMSG },
	};

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		const struct message m = message_reply(XID, same[i].on_wire);

		assert_int_equal(decoded_error(*state, &m).re_status, same[i].status);
		assert_int_equal(call_error(*state), same[i].error);
	}
}

static void version_mismatch(void **state)
{
	struct message m = message_reply(XID, PROG_MISMATCH);
	struct rpc_err error;

	assert_int_equal(decoded_error(*state, &m).re_status, RPC_CANTDECODERES);
	message_u32(&m, 2);
	message_u32(&m, 4);
	error = decoded_error(*state, &m);
	assert_int_equal(error.re_status, RPC_PROGVERSMISMATCH);
	assert_int_equal(error.re_vers.low, 2);
	assert_int_equal(error.re_vers.high, 4);
	assert_int_equal(call_error(*state), -EPROTONOSUPPORT);
	message_u32(&m, 4);
	assert_int_equal(decoded_error(*state, &m).re_status, RPC_CANTDECODERES);
}

static struct message denied(uint32_t reject_stat)
{
	struct message m = { .len = 0 };

	message_u32(&m, XID);
	message_u32(&m, REPLY);
	message_u32(&m, MSG_DENIED);
	message_u32(&m, reject_stat);
	return m;
}

static void rpc_version_mismatch(void **state)
{
	struct message m = denied(RPC_MISMATCH);
	struct rpc_err error;

	message_u32(&m, 3);
	message_u32(&m, 4);
	error = decoded_error(*state, &m);
	assert_int_equal(error.re_status, RPC_VERSMISMATCH);
	assert_int_equal(error.re_vers.low, 3);
	assert_int_equal(error.re_vers.high, 4);
}

static void refused_credentials(void **state)
{
	for (uint32_t why = AUTH_BADCRED; why <= AUTH_FAILED; why++) {
		struct message m = denied(AUTH_ERROR);
		struct rpc_err error;

		message_u32(&m, why);
		error = decoded_error(*state, &m);
		assert_int_equal(error.re_status, RPC_AUTHERROR);
		assert_int_equal(error.re_why, why);
		assert_int_equal(call_error(*state), -EBADMSG); /* not what `why` is as errno */
	}
}

/* No number in that place means success. */
static void unknown_statuses(void **state)
{
	static const uint32_t numbers[] = { 6, 7, 100, 0x80000000, UINT32_MAX };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		struct message m = with_result(1);
		int64_t result;

		message_set_u32(&m, REPLY_ACCEPT_STAT_AT, numbers[i]);
		assert_int_not_equal(decode(*state, &m, &result), RPC_SUCCESS);
		m.len = REPLY_HEADER_SIZE;
		assert_int_not_equal(decode(*state, &m, &result), RPC_SUCCESS);
		m = with_result(1);
		message_set_u32(&m, REPLY_STAT_AT, numbers[i]);
		assert_int_not_equal(decode(*state, &m, &result), RPC_SUCCESS);
		m = denied(numbers[i]);
		assert_int_not_equal(decode(*state, &m, &result), RPC_SUCCESS);
	}
}

static void truncated_at_every_length(void **state)
{
	struct message m = with_result(1);

	while (m.len-- > 0) {
		assert_int_equal(decoded_error(*state, &m).re_status, RPC_CANTDECODERES);
	}
}

static void longer_than_its_result(void **state)
{
	const size_t whole = with_result(1).len;

	for (size_t more = 1; more < 40; more++) {
		struct message m = with_result(1);

		message_opaque(&m, "", 0);
		m.len = whole + more;
		assert_int_equal(decoded_error(*state, &m).re_status, RPC_CANTDECODERES);
	}
}

/* A damaged reply is taken for a result only where the damage is in the result or does not tell. */
static bool damage_is_no_success(struct random *r)
{
	const size_t at = (size_t)random_between(r, REPLY_STAT_AT, REPLY_HEADER_SIZE - 1);
	const uint8_t bits = (uint8_t)random_between(r, 1, 255);
	struct message m = with_result(1);
	CLIENT *client;
	bool holds;
	int64_t result;

	if (setup((void **)&client) != 0) {
		return false;
	}
	m.bytes[at] ^= bits;
	holds = (decode(client, &m, &result) != RPC_SUCCESS) ||
		(at >= 12 && at < 16); /* the verifier's flavour */
	clnt_destroy(client);
	return holds;
}

static void damaged(void **state)
{
	(void)state;
	assert_true(random_holds("damage_is_no_success", damage_is_no_success, 2000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_result),
		TEST(a_result_behind_the_longest_verifier),
		TEST(errors_of_accepted_calls),
		TEST(version_mismatch),
		TEST(rpc_version_mismatch),
		TEST(refused_credentials),
		TEST(unknown_statuses),
		TEST(truncated_at_every_length),
		TEST(longer_than_its_result),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests_name("call_reply", tests, NULL, NULL);
}
