/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_timesync.h"

#include <string.h>

#include "timesync.h"

static void put_stamps(const struct fake_timesync *t, const struct message *call,
		       struct message *reply)
{
	const uint64_t ts1 = message_get_u64(call->bytes, CALL_HEADER_SIZE);

	message_u64(reply, ts1 + (uint64_t)t->echo_error);
	message_u64(reply, (uint64_t)t->ts2);
	message_u64(reply, (uint64_t)t->ts3);
}

static void put_result(struct fake_timesync *t, uint32_t proc, const struct message *call,
		       struct message *reply)
{
	switch (proc) {
	case GET_TIMESTAMPS:
		put_stamps(t, call, reply);
		break;
	case GET_TIMESTAMPS_INTERLEAVED:
		put_stamps(t, call, reply);
		message_u64(reply, (uint64_t)t->prev_tx);
		t->asked_prev_ts2 = (ts_ns)message_get_u64(call->bytes, CALL_HEADER_SIZE + 8);
		break;
	case GET_TIME:
		message_u64(reply, (uint64_t)t->time);
		message_u64(reply, (uint64_t)t->max_error);
		message_u32(reply, t->sync);
		message_u32(reply, t->leap);
		break;
	default:
		break;
	}
}

static void answer(struct fake_server *s, const struct message *call, void *arg)
{
	struct fake_timesync *t = arg;
	const uint32_t proc = message_get_u32(call->bytes, CALL_PROC_AT);
	struct message reply =
		message_reply(message_get_u32(call->bytes, CALL_XID_AT), t->accept_stat);

	t->calls_of[proc % 4]++;
	if (t->accept_stat == SUCCESS) {
		put_result(t, proc, call, &reply);
	} else if (t->accept_stat == PROG_MISMATCH) {
		message_u32(&reply, 2);
		message_u32(&reply, 5);
	}
	if (t->hangs_up) {
		fake_server_hang_up(s);
		return;
	}
	if (t->silent) {
		return;
	}
	if (t->holds) {
		t->held = reply;
		return;
	}
	if (t->held.len > 0) {
		fake_server_reply(s, &t->held);
		t->held.len = 0;
	}
	for (unsigned i = 0; i < t->copies; i++) {
		fake_server_reply(s, &reply);
	}
}

void fake_timesync_open(struct fake_timesync *t)
{
	memset(t, 0, sizeof(*t));
	t->ts2 = t->ts3 = t->time = FAKE_TIMESYNC_NOW;
	t->copies = 1;
	fake_server_open(&t->server, NULL, answer, t);
}

void fake_timesync_close(struct fake_timesync *t)
{
	fake_server_close(&t->server);
}
