/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls that have no result: which error they get, and which get no answer at all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/served.h"
#include "timesync_status.h"

#define XID     0x87654321
#define ARRIVAL SERVED_NOW

static struct message call_of(uint32_t proc)
{
	return message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, proc);
}

/* A call of GET_TIMESTAMPS or another procedure that has its arguments. */
static struct message whole_call_of(uint32_t proc)
{
	struct message call = call_of(proc);

	if (proc == GET_TIMESTAMPS || proc == GET_TIMESTAMPS_INTERLEAVED) {
		message_u64(&call, 1);
	}
	if (proc == GET_TIMESTAMPS_INTERLEAVED) {
		message_u64(&call, 1);
	}
	return call;
}

#define PROCEDURES 4

static void check_silence(struct served *s, const struct message *call, size_t len)
{
	struct svc_reply reply;

	assert_false(served_answer(s, call, len, ARRIVAL, &reply));
	assert_int_equal(reply.len, 0);
	assert_int_equal(reply.outcome, SVC_NO_CALL);
}

/* The call is accepted, with that error and nothing more, and the reply is not stamped. */
static struct svc_reply check_error(struct served *s, const struct message *call, size_t len,
				    uint32_t accept_stat)
{
	struct svc_reply reply, before;

	assert_true(served_answer(s, call, len, ARRIVAL, &reply));
	assert_int_equal(reply.outcome, SVC_ERROR);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_STAT_AT), MSG_ACCEPTED);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), accept_stat);
	assert_int_equal(reply.len, accept_stat == PROG_MISMATCH ? 32 : 24);
	assert_false(reply.remember);
	before = reply;
	svc_reply_depart(&reply, INT64_MAX);
	assert_memory_equal(&reply, &before, sizeof(reply));
	return reply;
}

/* Short of its arguments it is answered as garbage, short of its header not at all. */
static void truncated_at_every_length(void **state)
{
	for (uint32_t proc = 0; proc < PROCEDURES; proc++) {
		const struct message call = whole_call_of(proc);

		for (size_t len = 0; len < call.len; len++) {
			if (len < CALL_HEADER_SIZE) {
				check_silence(*state, &call, len);
			} else {
				check_error(*state, &call, len, GARBAGE_ARGS);
			}
		}
	}
}

static void longer_than_its_arguments(void **state)
{
	for (uint32_t proc = 0; proc < PROCEDURES; proc++) {
		struct message call = whole_call_of(proc);

		while (call.len + 4 <= SVC_CALL_MAX) {
			message_u32(&call, 0);
			for (size_t less = 0; less < 4; less++) {
				check_error(*state, &call, call.len - less, GARBAGE_ARGS);
			}
		}
	}
}

static void times_out_of_range(void **state)
{
	static const int64_t wrong[] = { -1, INT64_MIN, TS_LIMIT, TS_LIMIT + 1, INT64_MAX };

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (int which = 0; which < 3; which++) {
			struct message call =
				call_of(which == 0 ? GET_TIMESTAMPS : GET_TIMESTAMPS_INTERLEAVED);

			message_u64(&call, which == 1 ? 1 : (uint64_t)wrong[i]);
			if (which > 0) {
				message_u64(&call, which == 1 ? (uint64_t)wrong[i] : 1);
			}
			check_error(*state, &call, call.len, GARBAGE_ARGS);
		}
	}
}

static void what_is_no_call(void **state)
{
	static const uint32_t types[] = { 1, 2, 0x01000000, UINT32_MAX };
	static const uint32_t versions[] = { 0, 1, 3, 0x02000000, UINT32_MAX };
	struct message call = whole_call_of(GET_TIMESTAMPS);

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		message_set_u32(&call, CALL_TYPE_AT, types[i]);
		check_silence(*state, &call, call.len);
	}
	message_set_u32(&call, CALL_TYPE_AT, CALL);
	for (size_t i = 0; i < sizeof(versions) / sizeof(versions[0]); i++) {
		message_set_u32(&call, CALL_RPCVERS_AT, versions[i]);
		check_silence(*state, &call, call.len);
	}
}

/* Two servers that are set upon each other fall silent at once. */
static void replies_are_not_answered(void **state)
{
	const struct message call = whole_call_of(GET_TIMESTAMPS);
	struct message echo = { .len = 0 };
	struct svc_reply reply;

	assert_true(served_answer(*state, &call, call.len, ARRIVAL, &reply));
	memcpy(echo.bytes, reply.bytes, reply.len);
	echo.len = reply.len;
	check_silence(*state, &echo, echo.len);
}

/* A call of NULL whose credentials and verifier are of that flavour and length. */
static struct message call_with(uint32_t flavour, size_t cred_len, size_t verf_len)
{
	static const uint8_t body[2 * MAX_AUTH_BYTES] = { 1 };
	struct message call = call_of(TIMESYNCPROC_NULL);

	call.len = CALL_FLAVOUR_AT;
	message_u32(&call, flavour);
	message_opaque(&call, body, cred_len);
	message_u32(&call, AUTH_NONE);
	message_opaque(&call, body, verf_len);
	return call;
}

static void flavours(void **state)
{
	/* Among them RPCSEC_GSS (6), whose code in the library is not to be reached. */
	static const uint32_t refused[] = { 2, 3, 4, 5, 6, 7, 300001, 390003, UINT32_MAX };

	for (uint32_t flavour = AUTH_NONE; flavour <= AUTH_SYS; flavour++) {
		const struct message call = call_with(flavour, 20, 0);
		struct svc_reply reply;

		assert_true(served_answer(*state, &call, call.len, ARRIVAL, &reply));
		assert_int_equal(reply.outcome, SVC_RESULT);
	}
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		struct message call = call_with(refused[i], 20, 0);
		struct svc_reply reply;

		message_set_u32(&call, CALL_PROG_AT, 99); /* is not even looked at */
		assert_true(served_answer(*state, &call, call.len, ARRIVAL, &reply));
		assert_int_equal(reply.outcome, SVC_CREDENTIALS);
		assert_int_equal(reply.len, 20);
		assert_int_equal(message_get_u32(reply.bytes, 8), MSG_DENIED);
		assert_int_equal(message_get_u32(reply.bytes, 12), AUTH_ERROR);
		assert_int_equal(message_get_u32(reply.bytes, 16), AUTH_REJECTEDCRED);
	}
}

static void credentials_of_every_length(void **state)
{
	for (size_t len = 0; len <= 2 * MAX_AUTH_BYTES; len += 20) {
		for (int in_verf = 0; in_verf < 2; in_verf++) {
			const struct message call =
				call_with(AUTH_SYS, in_verf ? 0 : len, in_verf ? len : 0);
			struct svc_reply reply;

			assert_int_equal(served_answer(*state, &call, call.len, ARRIVAL, &reply),
					 len <= MAX_AUTH_BYTES);
		}
	}
}

/* The length says more than has come: up to what wraps around. */
static void credentials_that_claim_too_much(void **state)
{
	static const uint32_t claims[] = { 1, 4, 400, 401, 0x7fffffff, 0xfffffffd, UINT32_MAX };

	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		for (size_t at = 28; at <= 36; at += 8) {
			struct message call = call_of(TIMESYNCPROC_NULL);

			message_set_u32(&call, at, claims[i]);
			check_silence(*state, &call, call.len);
		}
	}
}

static void unknown_programs(void **state)
{
	static const uint32_t others[] = { 0, 100000, TIMESYNC_PROG + 1, TIMESYNC_STATUS_PROG,
					   UINT32_MAX };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct message call = message_call(XID, others[i], TIMESYNC_V1, 0);

		check_error(*state, &call, call.len, PROG_UNAVAIL);
	}
}

static void unknown_versions(void **state)
{
	static const uint32_t others[] = { 0, 2, UINT32_MAX };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct message call = message_call(XID, TIMESYNC_PROG, others[i], 0);
		struct svc_reply reply = check_error(*state, &call, call.len, PROG_MISMATCH);

		assert_int_equal(message_get_u32(reply.bytes, 24), TIMESYNC_V1);
		assert_int_equal(message_get_u32(reply.bytes, 28), TIMESYNC_V1);
	}
}

static void unknown_procedures(void **state)
{
	static const uint32_t others[] = { PROCEDURES, 1000, UINT32_MAX };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		const struct message call = call_of(others[i]);

		check_error(*state, &call, call.len, PROC_UNAVAIL);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_setup, served_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(truncated_at_every_length),
		TEST(longer_than_its_arguments),
		TEST(times_out_of_range),
		TEST(what_is_no_call),
		TEST(replies_are_not_answered),
		TEST(flavours),
		TEST(credentials_of_every_length),
		TEST(credentials_that_claim_too_much),
		TEST(unknown_programs),
		TEST(unknown_versions),
		TEST(unknown_procedures),
	};

	return cmocka_run_group_tests_name("svc_message_refusal", tests, NULL, NULL);
}
