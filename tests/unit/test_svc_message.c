/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls and their results: what each procedure answers, and where the stamps go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/served.h"

#define XID     0x12345678
#define ARRIVAL (SERVED_NOW + 1)
#define LEAVES  INT64_C(0x0102030405060708)
#define LAST    (TS_LIMIT - 1)

static struct message call_of(uint32_t proc)
{
	return message_call(XID, TIMESYNC_PROG, TIMESYNC_V1, proc);
}

/* The reply to a call that succeeds. */
static struct svc_reply result_of(struct served *s, const struct message *call)
{
	struct svc_reply reply;

	assert_true(served_answer(s, call, call->len, ARRIVAL, &reply));
	assert_int_equal(reply.outcome, SVC_RESULT);
	assert_int_equal(reply.proc, message_get_u32(call->bytes, CALL_PROC_AT));
	assert_int_equal(message_get_u32(reply.bytes, REPLY_STAT_AT), MSG_ACCEPTED);
	assert_int_equal(message_get_u32(reply.bytes, 12), AUTH_NONE); /* the verifier */
	assert_int_equal(message_get_u32(reply.bytes, 16), 0);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_ACCEPT_STAT_AT), SUCCESS);
	return reply;
}

/* Writing the transmit timestamp changes those eight octets and no other. */
static void check_tx_stamp(struct svc_reply *reply, size_t result_offset)
{
	struct svc_reply before = *reply;

	svc_reply_depart(reply, LEAVES);
	assert_int_equal(message_get_u64(reply->bytes, REPLY_HEADER_SIZE + result_offset), LEAVES);
	memcpy(before.bytes + REPLY_HEADER_SIZE + result_offset,
	       reply->bytes + REPLY_HEADER_SIZE + result_offset, 8);
	assert_memory_equal(&before, reply, sizeof(before));
}

static uint64_t result_u64(const struct svc_reply *reply, size_t at)
{
	return message_get_u64(reply->bytes, REPLY_HEADER_SIZE + at);
}

static void null(void **state)
{
	const struct message call = call_of(TIMESYNCPROC_NULL);
	struct svc_reply reply = result_of(*state, &call);

	assert_int_equal(reply.len, REPLY_HEADER_SIZE);
	assert_int_equal(reply.tx_at, 0);
	assert_false(reply.remember);
}

/* A reply without a transmit timestamp is left as it is. */
static void null_is_not_stamped(void **state)
{
	const struct message call = call_of(TIMESYNCPROC_NULL);
	struct svc_reply reply = result_of(*state, &call), before = reply;

	svc_reply_depart(&reply, LEAVES);
	assert_memory_equal(&reply, &before, sizeof(reply));
}

static void timestamps(void **state)
{
	static const ts_ns t1s[] = { 0, 1, SERVED_NOW - 5, LAST };

	for (size_t i = 0; i < sizeof(t1s) / sizeof(t1s[0]); i++) {
		struct message call = call_of(GET_TIMESTAMPS);
		struct svc_reply reply;

		message_u64(&call, (uint64_t)t1s[i]);
		reply = result_of(*state, &call);
		assert_int_equal(reply.len, call.len);
		assert_int_equal(result_u64(&reply, 0), t1s[i]);
		assert_int_equal(result_u64(&reply, 8), ARRIVAL);
		assert_int_equal(result_u64(&reply, 16), 0);
		assert_false(reply.remember);
		check_tx_stamp(&reply, 16);
	}
}

static void time_and_quality(void **state)
{
	struct served *s = *state;
	const struct message call = call_of(GET_TIME);
	struct svc_reply reply;

	s->clock.quality = (struct clock_quality){
		.synchronised = true,
		.max_error = 123456789012,
		.leap = CLOCK_LEAP_DELETE,
	};
	reply = result_of(s, &call);
	assert_int_equal(reply.len, REPLY_HEADER_SIZE + 24);
	assert_int_equal(result_u64(&reply, 8), 123456789012);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 16),
			 TIMESYNC_SYNCHRONISED);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 20),
			 TIMESYNC_LEAP_DELETE);
	check_tx_stamp(&reply, 0);
}

static void every_leap(void **state)
{
	static const struct {
		enum clock_leap of_clock;
		uint32_t on_wire;
	} same[] = {
		{ CLOCK_LEAP_NONE, 0 },        { CLOCK_LEAP_INSERT, 1 },  { CLOCK_LEAP_DELETE, 2 },
		{ CLOCK_LEAP_IN_PROGRESS, 3 }, { CLOCK_LEAP_UNKNOWN, 4 },
	};
	struct served *s = *state;
	const struct message call = call_of(GET_TIME);

	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		struct svc_reply reply;

		s->clock.quality.leap = same[i].of_clock;
		reply = result_of(s, &call);
		assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 20),
				 same[i].on_wire);
	}
}

/* A clock that cannot say how good it is still tells the time, and that nothing is known. */
static void quality_is_unknown(void **state)
{
	struct served *s = *state;
	const struct message call = call_of(GET_TIME);
	struct svc_reply reply;

	s->clock.quality = (struct clock_quality){ .synchronised = true, .max_error = 7 };
	s->clock.quality_error = -5;
	reply = result_of(s, &call);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 16),
			 TIMESYNC_UNSYNCHRONISED);
	assert_int_equal(message_get_u32(reply.bytes, REPLY_HEADER_SIZE + 20),
			 TIMESYNC_LEAP_UNKNOWN);
	check_tx_stamp(&reply, 0);
}

/* Over a transport that does not know when replies leave. */
static void interleaved(void **state)
{
	struct message call = call_of(GET_TIMESTAMPS_INTERLEAVED);
	struct svc_reply reply;

	message_u64(&call, SERVED_NOW - 5);
	message_u64(&call, SERVED_NOW - 4);
	reply = result_of(*state, &call);
	assert_int_equal(reply.len, call.len);
	assert_int_equal(result_u64(&reply, 0), SERVED_NOW - 5);
	assert_int_equal(result_u64(&reply, 8), ARRIVAL);
	assert_int_equal(result_u64(&reply, 24), 0);
	assert_true(reply.remember);
	check_tx_stamp(&reply, 16);
}

/* The most that a header can carry: two credentials of 400 octets. */
static void with_full_credentials(void **state)
{
	static const uint8_t body[MAX_AUTH_BYTES] = { 0xff, 0xff, 0xff, 0xff };
	struct message call = call_of(GET_TIMESTAMPS);
	struct svc_reply reply;

	call.len = CALL_FLAVOUR_AT;
	message_u32(&call, AUTH_SYS);
	message_opaque(&call, body, sizeof(body));
	message_u32(&call, AUTH_NONE);
	message_opaque(&call, body, sizeof(body));
	message_u64(&call, 77);
	assert_true(call.len <= SVC_CALL_MAX);
	reply = result_of(*state, &call);
	assert_int_equal(result_u64(&reply, 0), 77);
	check_tx_stamp(&reply, 16);
}

/* Nothing of one call is left for the next. */
static void calls_one_after_another(void **state)
{
	struct message stamps = call_of(GET_TIMESTAMPS_INTERLEAVED);
	const struct message null_call = call_of(TIMESYNCPROC_NULL);
	struct svc_reply reply;

	message_u64(&stamps, 1);
	message_u64(&stamps, 2);
	for (int i = 0; i < 3; i++) {
		reply = result_of(*state, &stamps);
		assert_true(reply.remember);
		reply = result_of(*state, &null_call);
		assert_false(reply.remember);
		assert_int_equal(reply.tx_at, 0);
		assert_false(served_answer(*state, &null_call, 39, ARRIVAL, &reply));
	}
}

/* Each call is counted as what it was, once. */
static void calls_are_counted(void **state)
{
	struct served *s = *state;
	struct message call = call_of(GET_TIME);
	struct svc_call in = { .bytes = call.bytes, .len = call.len };
	const struct host nobody = { .octets = { 0 } };
	struct svc_reply reply;

	assert_true(admission_answer(&s->admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(s, COUNTER_UDP_GET_TIME), 1);
	assert_true(admission_answer(&s->admission, SOCK_STREAM, &nobody, &in, &reply));
	assert_true(admission_answer(&s->admission, SOCK_STREAM, &nobody, &in, &reply));
	assert_int_equal(served_count(s, COUNTER_TCP_GET_TIME), 2);
	message_set_u32(&call, CALL_PROC_AT, 4);
	assert_true(admission_answer(&s->admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(s, COUNTER_ERRORS), 1);
	message_set_u32(&call, CALL_FLAVOUR_AT, 6);
	assert_true(admission_answer(&s->admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(s, COUNTER_CREDENTIALS), 1);
	message_set_u32(&call, CALL_TYPE_AT, REPLY);
	assert_false(admission_answer(&s->admission, SOCK_DGRAM, &nobody, &in, &reply));
	assert_int_equal(served_count(s, COUNTER_MALFORMED), 1);
	assert_int_equal(served_count(s, COUNTER_UDP_GET_TIME), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, served_setup, served_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(null),
		TEST(null_is_not_stamped),
		TEST(timestamps),
		TEST(time_and_quality),
		TEST(every_leap),
		TEST(quality_is_unknown),
		TEST(interleaved),
		TEST(with_full_credentials),
		TEST(calls_one_after_another),
		TEST(calls_are_counted),
	};

	return cmocka_run_group_tests_name("svc_message", tests, NULL, NULL);
}
