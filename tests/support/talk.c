/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/talk.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

int talk_setup(void **state)
{
	static struct talk t;
	const struct host host = { .octets = { 1 } };
	int ends[2];

	*state = &t;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends) < 0) {
		return -1;
	}
	t.client = ends[0];
	session_start(&t.session, ends[1], &host);
	return served_open(&t.served);
}

int talk_teardown(void **state)
{
	struct talk *t = *state;

	session_end(&t->session);
	close(t->client);
	served_close(&t->served);
	return 0;
}

enum session_state talk_serve(struct talk *t)
{
	const enum session_state s = session_serve(&t->session, &t->served.admission);

	if (s != SESSION_OVER) {
		assert_int_equal(session_state(&t->session), s);
	}
	return s;
}

/* Not by send, in whose place a test may put its own. */
void talk_send(const struct talk *t, const void *octets, size_t n)
{
	assert_int_equal(write(t->client, octets, n), n);
}

void talk_call(const struct talk *t, uint32_t xid)
{
	const struct message record = served_record(xid);

	talk_send(t, record.bytes, record.len);
}

bool talk_is_reply(const struct talk *t, const uint8_t bytes[TALK_REPLY_SIZE], uint32_t xid)
{
	const uint8_t *reply = bytes + RECORD_MARK_SIZE;
	const uint8_t *result = reply + REPLY_HEADER_SIZE;

	return message_get_u32(bytes, 0) == (RECORD_LAST_FRAGMENT | 48) &&
	       message_get_u32(reply, REPLY_XID_AT) == xid &&
	       message_get_u32(reply, REPLY_ACCEPT_STAT_AT) == SUCCESS &&
	       message_get_u64(result, 0) == xid &&
	       message_get_u64(result, 16) == (uint64_t)t->served.clock.now; /* transmitted */
}

void talk_check_reply(const struct talk *t, uint32_t xid)
{
	uint8_t bytes[TALK_REPLY_SIZE];

	assert_int_equal(read(t->client, bytes, sizeof(bytes)), sizeof(bytes));
	assert_true(talk_is_reply(t, bytes, xid));
}
