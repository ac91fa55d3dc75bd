/* SPDX-License-Identifier: BSD-3-Clause */
/* Authenticated calls at the server: what it answers, under which keys, and what it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/authentic.h"
#include "tests/support/served.h"

#define XID     0x12345678
#define ARRIVAL (SERVED_NOW + 1)
#define LEAVES  INT64_C(0x0102030405060708)

struct fixture {
	struct served served;
	struct mac *server, *client;
};

static int setup(void **state)
{
	static struct fixture f;

	*state = &f;
	f.server = authentic_mac();
	f.client = authentic_mac();
	if (served_open(&f.served) != 0) {
		return -1;
	}
	svc_message_authenticate(f.served.admission.message, f.server, false);
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	served_close(&f->served);
	mac_close(f->server);
	mac_close(f->client);
	return 0;
}

/* As many arguments as the procedure has, all of them 5. */
static struct message call_of(struct fixture *f, uint32_t proc)
{
	static const uint8_t args[16] = { [7] = 5, [15] = 5 };
	const size_t n = proc == GET_TIMESTAMPS ? 8 : proc == GET_TIMESTAMPS_INTERLEAVED ? 16 : 0;

	return authentic_call_of(f->client, XID, proc, args, n);
}

static struct svc_reply answer_to(struct fixture *f, const struct message *call)
{
	struct svc_reply reply;

	assert_true(served_answer(&f->served, call, call->len, ARRIVAL, &reply));
	return reply;
}

/* The authentic reply to a call, as long as the call; without its verifier, when it has left. */
static struct svc_reply authentic_answer_to(struct fixture *f, const struct message *call)
{
	struct svc_reply reply = answer_to(f, call);

	assert_int_equal(reply.len, call->len);
	svc_reply_depart(&reply, LEAVES);
	assert_true(
		auth_mac_open_reply(f->client, call->bytes, call->len, reply.bytes, &reply.len));
	return reply;
}

static void check_denied(const struct svc_reply *reply, enum auth_stat why)
{
	assert_int_equal(reply->outcome, SVC_CREDENTIALS);
	assert_int_equal(reply->len, 20);
	assert_null(reply->mac);
	assert_int_equal(message_get_u32(reply->bytes, 8), MSG_DENIED);
	assert_int_equal(message_get_u32(reply->bytes, 12), AUTH_ERROR);
	assert_int_equal(message_get_u32(reply->bytes, 16), why);
}

/* Every procedure answers as it does without keys, with the transmit timestamp in its place. */
static void answers_are_the_same(void **state)
{
	struct fixture *f = *state;

	for (uint32_t proc = 0; proc < 4; proc++) {
		const struct message call = call_of(f, proc);
		struct message plain = message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, proc);
		struct svc_reply expected, reply = authentic_answer_to(f, &call);

		memcpy(plain.bytes + plain.len, call.bytes + AUTH_MAC_CALL_SIZE,
		       call.len - AUTH_MAC_CALL_SIZE);
		plain.len += call.len - AUTH_MAC_CALL_SIZE;
		expected = answer_to(f, &plain);
		svc_reply_depart(&expected, LEAVES);
		assert_int_equal(reply.outcome, SVC_RESULT);
		assert_int_equal(reply.len, expected.len);
		assert_memory_equal(reply.bytes, expected.bytes, expected.len);
		assert_int_equal(reply.remember, proc == GET_TIMESTAMPS_INTERLEAVED);
	}
}

/* The MAC is of the reply with its transmit timestamp: another one is not authentic. */
static void the_transmit_timestamp_is_covered(void **state)
{
	struct fixture *f = *state;
	const struct message call = call_of(f, GET_TIMESTAMPS);
	struct svc_reply reply = answer_to(f, &call);

	svc_reply_depart(&reply, LEAVES);
	wire_put_ts(reply.bytes + reply.tx_at, LEAVES + 1);
	assert_false(auth_mac_open_reply(f->client, call.bytes, call.len, reply.bytes, &reply.len));
	svc_reply_depart(&reply, LEAVES + 1);
	assert_true(auth_mac_open_reply(f->client, call.bytes, call.len, reply.bytes, &reply.len));
}

/* A client with the key can believe an error as well. */
static void errors_are_authentic(void **state)
{
	static const struct {
		size_t at;
		uint32_t value, stat;
	} wrong[] = {
		{ CALL_PROC_AT, 9, PROC_UNAVAIL },
		{ CALL_VERS_AT, 9, PROG_MISMATCH },
		{ CALL_PROG_AT, 9, PROG_UNAVAIL },
		{ CALL_PROC_AT, GET_TIMESTAMPS_INTERLEAVED, GARBAGE_ARGS },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct message call = call_of(f, GET_TIMESTAMPS);
		struct svc_reply reply;

		message_set_u32(&call, wrong[i].at, wrong[i].value);
		auth_mac_finish_call(f->client, call.bytes, call.len);
		reply = authentic_answer_to(f, &call);
		assert_int_equal(reply.outcome, SVC_ERROR);
		assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), wrong[i].stat);
	}
}

/* A call that is longer than any that has a result: its error is not worth a long reply. */
static void a_long_call_gets_a_short_answer(void **state)
{
	static const uint8_t args[SVC_REPLY_MAX];
	struct fixture *f = *state;
	const struct message call =
		authentic_call_of(f->client, XID, GET_TIMESTAMPS, args, sizeof(args));
	struct svc_reply reply = answer_to(f, &call);

	assert_int_equal(reply.len, REPLY_HEADER_SIZE);
	assert_null(reply.mac);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), GARBAGE_ARGS);
}

static void what_is_not_authentic_is_refused(void **state)
{
	struct fixture *f = *state;
	struct message call = call_of(f, GET_TIMESTAMPS);
	struct svc_reply reply;

	call.bytes[AUTH_MAC_CALL_SIZE + 7] ^= 1; /* another ts1 */
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_BADVERF);
	call = call_of(f, GET_TIMESTAMPS);
	message_set_u32(&call, AUTHENTIC_CALL_KEY_AT, 9);
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_BADCRED);
	call = message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, GET_TIME);
	message_set_u32(&call, CALL_FLAVOUR_AT, AUTH_MAC); /* and nothing else of it */
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_BADCRED);
}

/* No octet of a call in front of its end may be missing. */
static void truncated_at_every_length(void **state)
{
	struct fixture *f = *state;
	const struct message call = call_of(f, GET_TIMESTAMPS);

	for (size_t len = 0; len < call.len; len++) {
		struct svc_reply reply;

		if (served_answer(&f->served, &call, len, ARRIVAL, &reply)) {
			assert_int_equal(reply.outcome, SVC_CREDENTIALS);
		}
	}
}

static void without_keys(void **state)
{
	struct fixture *f = *state;
	const struct message call = call_of(f, GET_TIMESTAMPS);
	struct svc_reply reply;

	svc_message_authenticate(f->served.admission.message, NULL, false);
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_REJECTEDCRED);
}

static void with_other_keys_from_now_on(void **state)
{
	struct fixture *f = *state;
	const struct keys k = authentic_keys();
	const struct keys other = { .n = 1, .key = { k.key[1] } };
	const struct message call = call_of(f, GET_TIMESTAMPS);
	struct svc_reply reply;
	struct mac *mac;

	assert_int_equal(mac_open(&mac, &other, AUTH_MAC_LABEL), 0);
	svc_message_authenticate(f->served.admission.message, mac, false);
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_BADCRED);
	mac_close(mac);
}

/* A group's key is no key of the time service, even if it is the same. */
static void a_mac_of_a_group_is_refused(void **state)
{
	struct fixture *f = *state;
	const struct keys k = authentic_keys();
	struct message call;
	struct svc_reply reply;
	struct mac *mac;

	assert_int_equal(mac_open(&mac, &k, "timesync group v1"), 0);
	call = authentic_call_of(mac, XID, GET_TIME, NULL, 0);
	reply = answer_to(f, &call);
	check_denied(&reply, AUTH_BADVERF);
	mac_close(mac);
}

/* Then nobody is told the time without a key, but that there is a server. */
static void only_authenticated_calls(void **state)
{
	struct fixture *f = *state;

	svc_message_authenticate(f->served.admission.message, f->server, true);
	for (uint32_t proc = 0; proc < 4; proc++) {
		for (uint32_t flavour = AUTH_NONE; flavour <= AUTH_SYS; flavour++) {
			struct message plain = message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, proc);
			struct svc_reply reply;

			message_set_u32(&plain, CALL_FLAVOUR_AT, flavour);
			reply = answer_to(f, &plain);
			if (proc == TIMESYNCPROC_NULL) {
				assert_int_equal(reply.outcome, SVC_RESULT);
			} else {
				check_denied(&reply, AUTH_TOOWEAK);
			}
		}
	}
	for (uint32_t proc = 0; proc < 4; proc++) {
		const struct message call = call_of(f, proc);

		assert_int_equal(authentic_answer_to(f, &call).outcome, SVC_RESULT);
	}
}

static void they_are_counted(void **state)
{
	struct fixture *f = *state;
	const struct host nobody = { .octets = { 0 } };
	struct message call = call_of(f, GET_TIME);
	struct svc_call in = { .bytes = call.bytes, .len = call.len };
	struct svc_reply reply;

	assert_true(admission_answer(&f->served.admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(&f->served, COUNTER_UDP_GET_TIME), 1);
	assert_int_equal(served_count(&f->served, COUNTER_AUTHENTICATED), 1);
	call.bytes[AUTHENTIC_CALL_NONCE_AT] ^= 1;
	assert_true(admission_answer(&f->served.admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(&f->served, COUNTER_CREDENTIALS), 1);
	assert_int_equal(served_count(&f->served, COUNTER_AUTHENTICATED), 1);
}

/* Nothing of an authenticated call is left for the next one. */
static void calls_one_after_another(void **state)
{
	struct fixture *f = *state;
	const struct message call = call_of(f, GET_TIME);
	const struct message plain = message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, GET_TIME);

	for (int i = 0; i < 3; i++) {
		struct svc_reply reply;

		(void)authentic_answer_to(f, &call);
		reply = answer_to(f, &plain);
		assert_null(reply.mac);
		assert_int_equal(message_get_u32(reply.bytes, 12), AUTH_NONE);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(answers_are_the_same),
		TEST(the_transmit_timestamp_is_covered),
		TEST(errors_are_authentic),
		TEST(a_long_call_gets_a_short_answer),
		TEST(what_is_not_authentic_is_refused),
		TEST(truncated_at_every_length),
		TEST(without_keys),
		TEST(with_other_keys_from_now_on),
		TEST(a_mac_of_a_group_is_refused),
		TEST(only_authenticated_calls),
		TEST(they_are_counted),
		TEST(calls_one_after_another),
	};

	return cmocka_run_group_tests_name("svc_message_auth", tests, NULL, NULL);
}
