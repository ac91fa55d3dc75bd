/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/served.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/record.h"

int served_open(struct served *s)
{
	memset(s, 0, sizeof(*s));
	fake_clock_init(&s->clock, SERVED_NOW);
	s->service.clock = &s->clock.clock;
	s->admission = (struct admission){
		.clock = &s->clock.clock,
		.access = &s->access,
		.counters = &s->counters,
	};
	return svc_message_open(&s->admission.message, service_programs, SERVICE_PROGRAMS,
				&s->service);
}

void served_close(struct served *s)
{
	svc_message_close(s->admission.message);
}

int served_setup(void **state)
{
	static struct served s;

	*state = &s;
	return served_open(&s);
}

int served_teardown(void **state)
{
	served_close(*state);
	return 0;
}

struct message served_call(uint32_t xid)
{
	struct message call = message_call(xid, TIMESYNC_PROG, TIMESYNC_V1, GET_TIMESTAMPS);

	message_u64(&call, xid);
	return call;
}

struct message served_record(uint32_t xid)
{
	const struct message call = served_call(xid);
	struct message record = { .len = 0 };

	message_u32(&record, RECORD_LAST_FRAGMENT | (uint32_t)call.len);
	memcpy(record.bytes + record.len, call.bytes, call.len);
	record.len += call.len;
	return record;
}

static void check_reply(const struct message *call, size_t len, const struct svc_reply *reply)
{
	assert_true(len >= CALL_HEADER_SIZE);
	assert_true(reply->len * 10 <= len * 13);
	assert_int_equal(message_get_u32(reply->bytes, REPLY_XID_AT),
			 message_get_u32(call->bytes, CALL_XID_AT));
	assert_int_equal(message_get_u32(reply->bytes, REPLY_TYPE_AT), REPLY);
}

bool served_answer(struct served *s, const struct message *call, size_t len, ts_ns arrival,
		   struct svc_reply *reply)
{
	uint8_t *alone = malloc(len + 1); /* misaligned; a sanitizer watches its end */
	uint8_t among[sizeof(call->bytes) + 64];
	struct svc_call in = { .bytes = alone + 1, .len = len, .arrival = arrival };
	struct svc_reply other;
	bool answered;

	assert_non_null(alone);
	memcpy(alone + 1, call->bytes, len);
	memset(among, 0xff, sizeof(among));
	memcpy(among, call->bytes, len);
	memset(reply, 0, sizeof(*reply));
	memset(&other, 0xee, sizeof(other));
	answered = svc_message_answer(s->admission.message, &in, reply);
	in.bytes = among;
	assert_int_equal(svc_message_answer(s->admission.message, &in, &other), answered);
	free(alone);
	reply->call = reply->mac ? call->bytes : NULL; /* for svc_reply_depart */
	assert_int_equal(reply->len, other.len);
	assert_int_equal(reply->outcome, other.outcome);
	assert_int_equal(reply->tx_at, other.tx_at);
	assert_int_equal(reply->remember, other.remember);
	assert_memory_equal(reply->bytes, other.bytes, other.len);
	assert_int_equal(reply->len > 0, answered);
	if (answered) {
		check_reply(call, len, reply);
	}
	return answered;
}

uint64_t served_count(const struct served *s, enum counter what)
{
	return counters_read(&s->counters, what);
}
