/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/served_dgram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/sockets.h"

int served_dgram_open(struct served_dgram *s, struct address at)
{
	int rc = served_open(&s->served);

	if (rc != 0) {
		return rc;
	}
	s->at = at;
	s->fd = sockets_bind(&s->at, SOCK_DGRAM);
	rc = svc_dgram_open(&s->transport, s->fd, &s->served.admission);
	if (rc != 0) {
		close(s->fd);
		served_close(&s->served);
		return rc;
	}
	for (int i = 0; i < SERVED_CLIENTS; i++) {
		s->clients[i] = served_dgram_client(s);
	}
	return 0;
}

void served_dgram_close(struct served_dgram *s)
{
	for (int i = 0; i < SERVED_CLIENTS; i++) {
		close(s->clients[i]);
	}
	svc_dgram_close(s->transport);
	close(s->fd);
	served_close(&s->served);
}

int served_dgram_client(const struct served_dgram *s)
{
	const struct address to = address_loopback(s->at.sa.ss_family, address_port(&s->at));

	return sockets_connect(&to, SOCK_DGRAM);
}

void served_dgram_send(const struct served_dgram *s, int client, const struct message *call,
		       size_t len)
{
	sockets_deliver(client, s->fd, call->bytes, len);
}

size_t served_dgram_reply(int client, uint8_t bytes[SVC_REPLY_MAX])
{
	ssize_t n;

	assert_true(sockets_readable(client, SOCKETS_LONGEST_MS));
	n = recv(client, bytes, SVC_REPLY_MAX, MSG_DONTWAIT);
	assert_true(n > 0);
	return (size_t)n;
}

struct stamps served_dgram_stamps(int client)
{
	uint8_t bytes[SVC_REPLY_MAX];
	const size_t n = served_dgram_reply(client, bytes);
	struct stamps s = { .prev_tx = 0 };

	assert_true(n == REPLY_HEADER_SIZE + 24 || n == REPLY_HEADER_SIZE + 32);
	assert_int_equal(message_get_u32(bytes, REPLY_ACCEPT_STAT_AT), SUCCESS);
	s.xid = message_get_u32(bytes, REPLY_XID_AT);
	s.t1 = (ts_ns)message_get_u64(bytes, REPLY_HEADER_SIZE);
	s.t2 = (ts_ns)message_get_u64(bytes, REPLY_HEADER_SIZE + 8);
	s.t3 = (ts_ns)message_get_u64(bytes, REPLY_HEADER_SIZE + 16);
	if (n > REPLY_HEADER_SIZE + 24) {
		s.prev_tx = (ts_ns)message_get_u64(bytes, REPLY_HEADER_SIZE + 24);
	}
	return s;
}
