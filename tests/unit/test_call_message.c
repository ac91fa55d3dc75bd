/* SPDX-License-Identifier: BSD-3-Clause */
/* A client's messages: how calls are encoded, and what each reply is taken for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/client/call_private.h"
#include "rpc/wire.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"
#include "tests/support/random.h"

#define PROG 0x20000001
#define VERS 3
#define NOW  INT64_C(0x1122334455667788)

static struct fake_clock fake;

static int setup(void **state)
{
	const struct call_target target = {
		.to = address_loopback(AF_INET, 9), /* nothing is sent */
		.socktype = SOCK_DGRAM,
		.prog = PROG,
		.vers = VERS,
	};

	fake_clock_init(&fake, NOW);
	return call_open((CLIENT **)state, &target, &fake.clock, NS_PER_SEC);
}

static int teardown(void **state)
{
	clnt_destroy((CLIENT *)*state);
	return 0;
}

/* Encode a call of procedure 1 with two words of arguments. Its xid. */
static uint32_t encode(struct call *c)
{
	int64_t args = -2;

	assert_true(call_encode(c, 1, (xdrproc_t)xdr_int64_t, &args));
	return message_get_u32(c->out, CALL_XID_AT);
}

static void put_in(struct call *c, const struct message *m)
{
	memcpy(c->in, m->bytes, m->len);
	c->in_len = m->len;
}

/* --- calls ------------------------------------------------------------------------------------ */

static void a_call_is_encoded(void **state)
{
	struct call *c = call_of(*state);
	struct message expected = message_call(encode(c), PROG, VERS, 1);

	message_u64(&expected, (uint64_t)-2);
	assert_int_equal(c->out_len, expected.len);
	assert_memory_equal(c->out, expected.bytes, expected.len);
}

static void xids_differ(void **state)
{
	uint32_t xids[20];

	for (int i = 0; i < 20; i++) {
		xids[i] = encode(call_of(*state));
		for (int j = 0; j < i; j++) { /* one in 2^32 that two are the same, for each pair */
			assert_int_not_equal(xids[i], xids[j]);
		}
	}
}

/* The transmit timestamp is written where it was asked for, and only into the next call. */
static void the_call_is_stamped(void **state)
{
	struct call *c = call_of(*state);

	call_stamp_tx(*state, 0);
	encode(c);
	call_depart(c);
	assert_int_equal(message_get_u64(c->out, CALL_HEADER_SIZE), NOW);
	assert_int_equal(call_departed(*state), NOW);
	fake.now++;
	encode(c);
	call_depart(c);
	assert_int_equal(message_get_u64(c->out, CALL_HEADER_SIZE), -2);
	assert_int_equal(call_departed(*state), NOW + 1);
}

static bool_t xdr_too_much(XDR *xdr, ...)
{
	static uint8_t zeros[CALL_MESSAGE_MAX];

	return xdr_opaque(xdr, (char *)zeros, sizeof(zeros));
}

static void arguments_that_cannot_be_encoded(void **state)
{
	static const struct timeval stub_timeout = { 25, 0 };
	struct call *c = call_of(*state);
	struct rpc_err error;

	encode(c);
	assert_false(call_encode(c, 1, xdr_too_much, NULL));
	clnt_geterr((CLIENT *)*state, &error);
	assert_int_equal(error.re_status, RPC_CANTENCODEARGS);
	assert_int_equal(
		clnt_call((CLIENT *)*state, 1, xdr_too_much, NULL, wire_void, NULL, stub_timeout),
		RPC_CANTENCODEARGS);
	assert_int_equal(call_counts(*state).sent, 0);
}

/* --- what a reply is taken for ---------------------------------------------------------------- */

static enum call_match classify(struct call *c, uint32_t xid)
{
	const struct message m = message_reply(xid, SUCCESS);

	put_in(c, &m);
	return call_classify(c);
}

static void check_counts(const struct call *c, struct call_counts expected)
{
	assert_memory_equal(&c->counts, &expected, sizeof(expected));
}

static void the_reply_awaited_and_its_duplicates(void **state)
{
	struct call *c = call_of(*state);
	const uint32_t xid = encode(c);

	assert_int_equal(classify(c, xid), CALL_MATCH);
	check_counts(c, (struct call_counts){ .received = 1 });
	assert_int_equal(classify(c, xid), CALL_NO_MATCH);
	assert_int_equal(classify(c, xid), CALL_NO_MATCH);
	check_counts(c, (struct call_counts){ .received = 1, .duplicate = 2 });
}

static void late_replies_and_their_duplicates(void **state)
{
	struct call *c = call_of(*state);
	const uint32_t first = encode(c), second = encode(c), third = encode(c);

	assert_int_equal(classify(c, second), CALL_NO_MATCH);
	assert_int_equal(classify(c, first), CALL_NO_MATCH);
	check_counts(c, (struct call_counts){ .late = 2 });
	assert_int_equal(classify(c, first), CALL_NO_MATCH);
	check_counts(c, (struct call_counts){ .late = 2, .duplicate = 1 });
	assert_int_equal(classify(c, third), CALL_MATCH);
	check_counts(c, (struct call_counts){ .late = 2, .duplicate = 1, .received = 1 });
}

static void replies_to_nothing(void **state)
{
	struct call *c = call_of(*state);
	uint32_t xid;

	assert_int_equal(classify(c, 0), CALL_NO_MATCH); /* nothing has been sent yet */
	xid = encode(c);
	assert_int_equal(classify(c, xid ^ 1), CALL_NO_MATCH);
	assert_int_equal(classify(c, xid ^ 0x80000000), CALL_NO_MATCH);
	assert_int_equal(classify(c, __builtin_bswap32(xid)),
			 __builtin_bswap32(xid) == xid ? CALL_MATCH : CALL_NO_MATCH);
	check_counts(c, (struct call_counts){ .stray = 4 });
}

static void what_is_no_reply(void **state)
{
	struct call *c = call_of(*state);
	const uint32_t xid = encode(c);
	struct message m = message_reply(xid, SUCCESS);
	unsigned strays = 0;

	for (m.len = 0; m.len < 8; m.len++) {
		put_in(c, &m);
		assert_int_equal(call_classify(c), CALL_NO_MATCH);
		strays++;
	}
	for (uint32_t type = 0; type < 4; type += 2) {
		m = message_reply(xid, SUCCESS);
		message_set_u32(&m, REPLY_TYPE_AT, type);
		put_in(c, &m);
		assert_int_equal(call_classify(c), CALL_NO_MATCH);
		strays++;
	}
	check_counts(c, (struct call_counts){ .stray = strays });
	assert_int_equal(classify(c, xid), CALL_MATCH); /* which is still awaited */
}

/* Calls are forgotten in the end, the current one never. */
static void the_memory_of_calls_is_bounded(void **state)
{
	struct call *c = call_of(*state);
	uint32_t xids[CALL_HISTORY + 1];

	for (int i = 0; i <= CALL_HISTORY; i++) {
		xids[i] = encode(c);
	}
	assert_int_equal(classify(c, xids[0]), CALL_NO_MATCH);
	check_counts(c, (struct call_counts){ .stray = 1 });
	for (int i = 1; i < CALL_HISTORY; i++) {
		assert_int_equal(classify(c, xids[i]), CALL_NO_MATCH);
	}
	check_counts(c, (struct call_counts){ .stray = 1, .late = CALL_HISTORY - 1 });
	assert_int_equal(classify(c, xids[CALL_HISTORY]), CALL_MATCH);
}

/* Any order of calls and replies: each reply is counted once, as what it is. */
static bool every_reply_is_counted_once(struct random *r)
{
	CLIENT *client;
	struct call *c;
	struct call_counts expected = { 0 };
	struct {
		uint32_t xid;
		bool answered;
	} sent[CALL_HISTORY];
	int n = 0;

	if (setup((void **)&client) != 0) {
		return false;
	}
	c = call_of(client);
	for (int steps = 0; steps < 60; steps++) {
		const int which = n > 0 ? (int)random_between(r, 0, n - 1) : -1;

		if (which < 0 || random_between(r, 0, 2) == 0) {
			sent[n].xid = encode(c);
			sent[n++].answered = false;
			continue;
		}
		if (sent[which].answered) {
			expected.duplicate++;
		} else if (which == n - 1) {
			expected.received++;
		} else {
			expected.late++;
		}
		classify(c, sent[which].xid);
		sent[which].answered = true;
	}
	const bool same = memcmp(&c->counts, &expected, sizeof(expected)) == 0;
	clnt_destroy(client);
	return same;
}

static void any_order(void **state)
{
	(void)state;
	assert_true(random_holds("every_reply_is_counted_once", every_reply_is_counted_once, 500));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_is_encoded),
		TEST(xids_differ),
		TEST(the_call_is_stamped),
		TEST(arguments_that_cannot_be_encoded),
		TEST(the_reply_awaited_and_its_duplicates),
		TEST(late_replies_and_their_duplicates),
		TEST(replies_to_nothing),
		TEST(what_is_no_reply),
		TEST(the_memory_of_calls_is_bounded),
		cmocka_unit_test(any_order),
	};

	return cmocka_run_group_tests_name("call_message", tests, NULL, NULL);
}
