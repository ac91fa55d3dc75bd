/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A stream, in pieces of any size, through record marking and a session on a real socket. The
 * replies have to be those to the records that are in it, taken apart here in another way, wherever
 * the pieces end and whether or not the client reads while it sends.
 *
 * Input: an octet of flags and a count n below 8; n lengths of pieces, used in turn, with 0 for 256
 * (one piece if there are none); the stream.
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/server/session.h"
#include "rpc/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/served.h"

#define LAZY       0x80 /* the client reads only when it has sent everything */
#define MAX_PIECES 8
#define MAX_STREAM 4096
/* More than all replies to such a stream: a call has 44 octets, a reply no more than 260. */
#define MAX_REPLIES 32768

struct octets {
	size_t n;
	uint8_t bytes[MAX_REPLIES];
};

/* --- the right output ------------------------------------------------------------------------- */

enum ending { AT_BOUNDARY, IN_A_RECORD, BROKEN };

static void put(struct octets *o, const uint8_t *bytes, size_t n)
{
	FUZZ_REQUIRE(n <= sizeof(o->bytes) - o->n);
	memcpy(o->bytes + o->n, bytes, n);
	o->n += n;
}

/* Append the reply to that record. False if there is none. */
static bool expect_reply(struct octets *out, struct served *s, const struct octets *record)
{
	const struct svc_call call = {
		.bytes = record->bytes,
		.len = record->n,
		.arrival = SERVED_NOW,
	};
	struct svc_reply reply;
	uint8_t mark[4];

	if (!svc_message_answer(s->admission.message, &call, &reply)) {
		return false;
	}
	svc_reply_depart(&reply, SERVED_NOW);
	wire_put_u32(mark, UINT32_C(0x80000000) | (uint32_t)reply.len);
	put(out, mark, sizeof(mark));
	put(out, reply.bytes, reply.len);
	return true;
}

/* All replies to a stream, and how it ends. */
static enum ending expect(struct octets *out, struct served *s, const uint8_t *data, size_t n)
{
	static struct octets record;
	size_t fragments = 0;

	record.n = 0;
	out->n = 0;
	while (n >= 4) {
		const uint32_t mark = wire_get_u32(data);
		const size_t length = mark & 0x7fffffff;

		if (length > SVC_CALL_MAX - record.n || ++fragments > RECORD_MAX_FRAGMENTS) {
			return BROKEN;
		}
		if (n - 4 < length) {
			return IN_A_RECORD;
		}
		put(&record, data + 4, length);
		data += 4 + length;
		n -= 4 + length;
		if (mark >> 31) {
			if (!expect_reply(out, s, &record)) {
				return BROKEN;
			}
			record.n = 0;
			fragments = 0;
		}
	}
	return n > 0 || fragments > 0 ? IN_A_RECORD : AT_BOUNDARY;
}

/* --- what does -------------------------------------------------------------------------------- */

struct stream {
	struct served served;
	struct session session;
	enum session_state state;
	bool lazy;
	int client;
	struct octets received;
};

static void open_stream(struct stream *x, bool lazy)
{
	static const struct host nobody;
	const int smallest = 1;
	int fds[2];

	FUZZ_REQUIRE(served_open(&x->served) == 0);
	FUZZ_REQUIRE(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds) == 0);
	if (lazy) { /* a few replies fill it */
		FUZZ_REQUIRE(setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &smallest,
					sizeof(smallest)) == 0);
	}
	session_start(&x->session, fds[0], &nobody);
	x->state = SESSION_IDLE;
	x->lazy = lazy;
	x->client = fds[1];
	x->received.n = 0;
}

static void close_stream(struct stream *x)
{
	session_end(&x->session);
	close(x->client);
	served_close(&x->served);
}

static void receive(struct stream *x)
{
	ssize_t n;

	while ((n = recv(x->client, x->received.bytes + x->received.n,
			 sizeof(x->received.bytes) - x->received.n, 0)) > 0) {
		x->received.n += (size_t)n;
	}
}

/* Whether the server would be woken up for it. */
static bool is_ready(const struct stream *x)
{
	const short events = x->state == SESSION_UNREAD ? POLLOUT : POLLIN;
	struct pollfd p = { .fd = x->session.fd, .events = events };

	return x->state != SESSION_OVER && poll(&p, 1, 0) > 0 && (p.revents & events) != 0;
}

static void serve(struct stream *x)
{
	while (is_ready(x)) {
		x->state = session_serve(&x->session, &x->served.admission);
		if (x->state != SESSION_OVER) {
			FUZZ_REQUIRE(x->state == session_state(&x->session));
			FUZZ_REQUIRE(x->session.record.len <= SVC_CALL_MAX);
			FUZZ_REQUIRE(!x->session.unsent ||
				     x->session.unsent_len <= RECORD_MARK_SIZE + SVC_REPLY_MAX);
			FUZZ_REQUIRE((x->state == SESSION_IDLE) <= !x->session.record.bytes);
		}
		if (!x->lazy) {
			receive(x);
		}
	}
}

/*
 * Feed the stream in pieces of these lengths, in turn. False if it was not all taken: the server
 * waits for a client that does not read either.
 */
static bool feed(struct stream *x, const uint8_t *data, size_t n, const uint8_t *lengths,
		 size_t n_lengths)
{
	for (size_t i = 0; n > 0 && x->state != SESSION_OVER; i++) {
		size_t length = n;

		if (n_lengths > 0) {
			length = lengths[i % n_lengths];
			length = length == 0 ? 256 : length;
			length = length < n ? length : n;
		}
		if (send(x->client, data, length, MSG_NOSIGNAL) != (ssize_t)length) {
			FUZZ_REQUIRE(x->lazy && errno == EAGAIN);
			return false;
		}
		data += length;
		n -= length;
		serve(x);
	}
	x->lazy = false;
	do {
		receive(x);
		serve(x);
	} while (is_ready(x));
	return true;
}

/* Octets after the end are neither read nor answered. */
static void check_over(struct stream *x, const uint8_t *data, size_t n)
{
	const unsigned long answered = x->session.answered;

	for (int i = 0; i < 3 && x->state == SESSION_OVER; i++) {
		(void)!send(x->client, data, n, MSG_NOSIGNAL);
		FUZZ_REQUIRE(session_serve(&x->session, &x->served.admission) == SESSION_OVER);
		FUZZ_REQUIRE(x->session.answered == answered);
	}
}

static void check(const struct stream *x, const struct octets *expected, enum ending ending,
		  bool lazy, bool fed)
{
	/* A client that did not read in time may have lost the connection, and the rest with it. */
	if (!fed || (lazy && x->state == SESSION_OVER)) {
		FUZZ_REQUIRE(x->received.n <= expected->n);
	} else {
		FUZZ_REQUIRE(x->received.n == expected->n);
		FUZZ_REQUIRE((x->state == SESSION_OVER) == (ending == BROKEN));
		FUZZ_REQUIRE((x->state == SESSION_IDLE) == (ending == AT_BOUNDARY));
	}
	FUZZ_REQUIRE(memcmp(x->received.bytes, expected->bytes, x->received.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stream x;
	static struct octets expected;
	const bool lazy = size > 0 && (data[0] & LAZY) != 0;
	const size_t n_lengths = size > 0 ? data[0] % MAX_PIECES : 0;
	const uint8_t *lengths = data + 1, *stream = lengths + n_lengths;
	size_t n = size > n_lengths ? size - 1 - n_lengths : 0;
	enum ending ending;
	bool fed;

	n = n < MAX_STREAM ? n : MAX_STREAM;
	open_stream(&x, lazy);
	ending = expect(&expected, &x.served, stream, n);
	fed = feed(&x, stream, n, lengths, n_lengths);
	check(&x, &expected, ending, lazy, fed);
	check_over(&x, stream, n);
	close_stream(&x);
	return 0;
}
