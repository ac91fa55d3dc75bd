/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/served_stream.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/record.h"
#include "tests/support/sockets.h"

#define XID        0x1234
#define REPLY_SIZE (RECORD_MARK_SIZE + REPLY_HEADER_SIZE + 24)

static int listen_at(const struct served_stream *s, struct address *at, int *listener)
{
	*listener = sockets_bind(at, SOCK_STREAM);
	return svc_stream_listen(s->transport, *listener);
}

int served_stream_open(struct served_stream *s, const struct svc_stream_limits *limits)
{
	int rc = served_open(&s->served);

	if (rc == 0) {
		rc = scratch_make(&s->scratch);
	}
	if (rc == 0) {
		rc = svc_stream_open(&s->transport, &s->served.admission, limits);
	}
	if (rc != 0 || !address_unix(&s->local_at, s->scratch.path)) {
		return -1;
	}
	s->at = address_loopback(AF_INET, 0);
	rc = listen_at(s, &s->at, &s->listener);
	return rc == 0 ? listen_at(s, &s->local_at, &s->local_listener) : rc;
}

void served_stream_close(struct served_stream *s)
{
	svc_stream_close(s->transport);
	close(s->listener);
	close(s->local_listener);
	scratch_remove(&s->scratch);
	served_close(&s->served);
}

void served_stream_serve(const struct served_stream *s)
{
	assert_true(sockets_readable(svc_stream_fd(s->transport), SOCKETS_LONGEST_MS));
	svc_stream_serve(s->transport);
}

/* Connections that have been dealt with, in whatever way. */
static uint64_t accepted(const struct served_stream *s)
{
	return served_count(&s->served, COUNTER_ACCEPTED) +
	       served_count(&s->served, COUNTER_DENIED);
}

int served_stream_client(struct served_stream *s, const char *from)
{
	const uint64_t before = accepted(s);
	const int client =
		from ? sockets_connect_from(from, &s->at) : sockets_connect(&s->at, SOCK_STREAM);

	while (accepted(s) == before) {
		served_stream_serve(s);
	}
	return client;
}

void served_stream_send(const struct served_stream *s, int client, const void *octets, size_t n)
{
	sockets_send(client, octets, n);
	served_stream_serve(s);
}

bool served_stream_answers(const struct served_stream *s, int client)
{
	const struct message record = served_record(XID);
	uint8_t bytes[REPLY_SIZE + 1];

	if (send(client, record.bytes, record.len, MSG_NOSIGNAL) < 0) {
		return false;
	}
	for (;;) {
		const ssize_t n = recv(client, bytes, sizeof(bytes), MSG_DONTWAIT);

		if (n < 0 && errno == EAGAIN) {
			served_stream_serve(s);
			continue;
		}
		if (n <= 0) {
			return false;
		}
		assert_int_equal(n, REPLY_SIZE);
		break;
	}
	assert_int_equal(message_get_u32(bytes, 0),
			 RECORD_LAST_FRAGMENT | (REPLY_SIZE - RECORD_MARK_SIZE));
	assert_int_equal(message_get_u32(bytes, RECORD_MARK_SIZE + REPLY_XID_AT), XID);
	assert_int_equal(message_get_u64(bytes, RECORD_MARK_SIZE + REPLY_HEADER_SIZE), XID);
	return true;
}

int served_stream_unread_client(struct served_stream *s)
{
	const int client = sockets_connect(&s->local_at, SOCK_STREAM);
	const struct message record = served_record(XID);

	do {
		svc_stream_serve(s->transport);
		sockets_send(client, record.bytes, record.len);
	} while (sockets_readable(svc_stream_fd(s->transport), 0));
	return client;
}

bool served_stream_closed(int client)
{
	uint8_t byte;
	const ssize_t n = recv(client, &byte, 1, MSG_DONTWAIT | MSG_PEEK);

	return n == 0 || (n < 0 && errno == ECONNRESET);
}
