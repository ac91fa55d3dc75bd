#include "tests/support/fake_server.h"

#include <string.h>
#include <unistd.h>

/* What a client has sent is there at once, or after this on a busy machine. */
#define PATIENCE_MS 50

void fake_server_open(struct fake_server *s, const char *path, fake_server_fn *answer, void *arg)
{
	memset(s, 0, sizeof(*s));
	s->answer = answer;
	s->arg = arg;
	s->connection = -1;
	s->local = -1;
	s->dgram_at = address_loopback(AF_INET, 0);
	s->dgram = sockets_bind(&s->dgram_at, SOCK_DGRAM);
	s->stream_at = address_loopback(AF_INET, 0);
	s->stream = sockets_bind(&s->stream_at, SOCK_STREAM);
	if (path && address_unix(&s->local_at, path)) {
		s->local = sockets_bind(&s->local_at, SOCK_STREAM);
	}
}

void fake_server_hang_up(struct fake_server *s)
{
	if (s->connection >= 0) {
		close(s->connection);
	}
	s->connection = -1;
}

void fake_server_close(struct fake_server *s)
{
	fake_server_hang_up(s);
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
		fake_server_hang_up(s);
		s->connection = fd;
		record_init(&s->record, s->record_bytes, sizeof(s->record_bytes));
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

static void serve_connection(struct fake_server *s)
{
	uint8_t bytes[1024];
	const ssize_t n = recv(s->connection, bytes, sizeof(bytes), 0);
	size_t used;

	for (ssize_t at = 0; at < n && s->connection >= 0; at += (ssize_t)used) {
		if (record_feed(&s->record, bytes + at, (size_t)(n - at), &used) ==
		    RECORD_COMPLETE) {
			answer(s, s->record.bytes, s->record.len);
			record_next(&s->record);
		}
	}
	if (n == 0) {
		fake_server_hang_up(s);
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
		if (s->connection >= 0) {
			serve_connection(s);
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
