/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_server.h"

#include <string.h>
#include <unistd.h>

/* A client's message is there at once, or after this time on a busy machine. */
#define PATIENCE_MS 50

void fake_server_open(struct fake_server *s, const char *path, fake_server_fn *answer, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->answer = answer;
	s->arg = arg;
	s->connection = -1;
	for (size_t i = 0; i < FAKE_SERVER_CONNECTIONS; i++) {
		s->connections[i].fd = -1;
	}
	s->local = -1;
	s->dgram_at = address_loopback(AF_INET, 0);
	s->dgram = sockets_bind(&s->dgram_at, SOCK_DGRAM);
	s->stream_at = address_loopback(AF_INET, 0);
	s->stream = sockets_bind(&s->stream_at, SOCK_STREAM);
	if (path && address_unix(&s->local_at, path)) {
		s->local = sockets_bind(&s->local_at, SOCK_STREAM);
	}
}

static void hang_up(struct fake_server *s, struct fake_connection *c)
{
	if (c->fd >= 0) {
		close(c->fd);
	}
	if (c->fd == s->connection) {
		s->connection = -1;
	}
	c->fd = -1;
}

void fake_server_hang_up(struct fake_server *s)
{
	for (size_t i = 0; i < FAKE_SERVER_CONNECTIONS; i++) {
		if (s->connections[i].fd == s->connection) {
			hang_up(s, &s->connections[i]);
		}
	}
}

void fake_server_close(struct fake_server *s)
{
	for (size_t i = 0; i < FAKE_SERVER_CONNECTIONS; i++) {
		hang_up(s, &s->connections[i]);
	}
	close(s->dgram);
	close(s->stream);
	if (s->local >= 0) {
		close(s->local);
	}
}

static void accept_from(struct fake_server *s, int listener)
{
	int fd = listener < 0 ? -1 : accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd >= 0) {
		struct fake_connection *c = s->connections;

		while (c->fd >= 0 && c < &s->connections[FAKE_SERVER_CONNECTIONS - 1]) {
			c++;
		}
		hang_up(s, c);
		c->fd = s->connection = fd;
		record_init(&c->record, c->record_bytes, sizeof(c->record_bytes));
	}
}

static void answer(struct fake_server *s, const uint8_t *bytes, size_t n)
{
	struct message call = { .len = n };

	memcpy(call.bytes, bytes, n);
	s->calls++;
	s->answer(s, &call, s->arg);
}

static void serve_dgram(struct fake_server *s)
{
	uint8_t bytes[sizeof(((struct message *)NULL)->bytes)];
	ssize_t n;

	s->peer.len = sizeof(s->peer.sa);
	n = recvfrom(s->dgram, bytes, sizeof(bytes), 0, (struct sockaddr *)&s->peer.sa,
		     &s->peer.len);
	if (n >= 0) {
		answer(s, bytes, (size_t)n);
	}
	s->peer.len = 0;
}

static void serve_connection(struct fake_server *s, struct fake_connection *c)
{
	uint8_t bytes[1024];
	const ssize_t n = recv(c->fd, bytes, sizeof(bytes), 0);
	size_t used;

	if (n > 0) {
		s->connection = c->fd;
	}
	for (ssize_t at = 0; at < n && c->fd >= 0; at += (ssize_t)used) {
		if (record_feed(&c->record, bytes + at, (size_t)(n - at), &used) ==
		    RECORD_COMPLETE) {
			answer(s, c->record.bytes, c->record.len);
			record_next(&c->record);
		}
	}
	if (n == 0) {
		hang_up(s, c);
	}
}

bool fake_server_serve(void *server)
{
	struct fake_server *s = server;
	const unsigned before = s->calls;

	s->replied = false;
	for (int ms = 0; s->calls == before && ms <= PATIENCE_MS; ms++) {
		if (ms > 0) {
			usleep(1000);
		}
		serve_dgram(s);
		accept_from(s, s->stream);
		accept_from(s, s->local);
		for (size_t i = 0; i < FAKE_SERVER_CONNECTIONS; i++) {
			if (s->connections[i].fd >= 0) {
				serve_connection(s, &s->connections[i]);
			}
		}
	}
	return s->replied;
}

static void send_fragment(struct fake_server *s, uint32_t flag, const uint8_t *bytes, size_t n)
{
	struct message fragment = { .len = 0 };

	message_u32(&fragment, flag | (uint32_t)n);
	memcpy(fragment.bytes + fragment.len, bytes, n);
	sockets_send(s->connection, fragment.bytes, fragment.len + n);
}

void fake_server_reply_in(struct fake_server *s, const struct message *reply, unsigned fragments)
{
	size_t at = 0;

	s->replied = true;
	if (s->peer.len > 0) {
		(void)!sendto(s->dgram, reply->bytes, reply->len, 0,
			      (const struct sockaddr *)&s->peer.sa, s->peer.len);
		return;
	}
	for (unsigned left = fragments; left > 0; left--) {
		const size_t n = (reply->len - at) / left;

		send_fragment(s, left == 1 ? RECORD_LAST_FRAGMENT : 0, reply->bytes + at, n);
		at += n;
	}
}

void fake_server_reply(struct fake_server *s, const struct message *reply)
{
	fake_server_reply_in(s, reply, 1);
}
