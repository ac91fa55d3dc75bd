/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calls one after another on one handle, whatever its peer has said, and when: how a call ends, and
 * that a handle which is broken stays so. The same octets go through a reader of records that is
 * never told to stop.
 *
 * Input: an octet, odd for a stream; then steps, an octet each, whose last two bits count:
 * 0, a call; 1, the peer sends as many octets as the next octet says, which follow; 2, it sends the
 * right reply to the last call; 3, it is silent until the deadline. Steps behind a call are taken
 * while that waits.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "rpc/client/call_private.h"
#include "rpc/wire.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/fake_clock.h"
#include "tests/support/message.h"

enum step { CALL_NOW, SAY, REPLY_RIGHT, KEEP_SILENT };

#define TIMEOUT     NS_PER_SEC
#define STEP_TIME   (TIMEOUT / 4)
#define SMALL       48 /* octets, of the reader's buffer */
#define MOST_STRAYS (CALL_MAX_STRAYS - 1)

struct reader {
	struct record record;
	bool refused;
};

struct play {
	const uint8_t *data;
	size_t size;
	struct fake_clock clock;
	CLIENT *client;
	int peer;
	bool stream;
	unsigned replied; /* rightly, to the last call */
	unsigned taken;   /* steps of the peer */
	struct reader reader;
};

static struct call *call_in(const struct play *p)
{
	return call_of(p->client);
}

static void read_records(struct reader *r, const uint8_t *data, size_t n)
{
	size_t used;

	do {
		const enum record_state state = record_feed(&r->record, data, n, &used);

		FUZZ_REQUIRE(used <= n && r->record.len <= SMALL);
		FUZZ_REQUIRE(!r->refused || (state == RECORD_REFUSED && used == 0));
		r->refused = state == RECORD_REFUSED;
		if (state == RECORD_COMPLETE) {
			record_next(&r->record);
		}
		data += used;
		n -= used;
	} while (n > 0 && !r->refused);
}

/* A peer does not mind that nobody listens. */
static void say(struct play *p, const uint8_t *bytes, size_t n)
{
	(void)!send(p->peer, bytes, n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void reply(struct play *p)
{
	const struct call *c = call_in(p);
	const struct message m = message_reply(c->past[c->newest].xid, SUCCESS);
	uint8_t record[RECORD_MARK_SIZE + REPLY_HEADER_SIZE];
	const size_t skip = p->stream ? 0 : RECORD_MARK_SIZE;

	wire_put_u32(record, RECORD_LAST_FRAGMENT | REPLY_HEADER_SIZE);
	memcpy(record + RECORD_MARK_SIZE, m.bytes, REPLY_HEADER_SIZE);
	say(p, record + skip, sizeof(record) - skip);
	p->replied++;
}

static uint8_t next(struct play *p)
{
	p->size--;
	return *p->data++;
}

/* Take the peer's next step. False when it is silent, or a call comes first. */
static bool take_step(void *arg)
{
	struct play *p = arg;
	uint8_t drained[512];
	size_t n;

	while (recv(p->peer, drained, sizeof(drained), MSG_DONTWAIT) > 0) {
	}
	if (p->size == 0 || p->data[0] % 4 == CALL_NOW) {
		return false;
	}
	p->taken++;
	p->clock.mono = mono_add(p->clock.mono, STEP_TIME);
	switch ((enum step)(next(p) % 4)) {
	case SAY:
		n = p->size > 0 ? next(p) : 0;
		n = n < p->size ? n : p->size;
		read_records(&p->reader, p->data, n);
		say(p, p->data, n);
		p->data += n;
		p->size -= n;
		return n > 0;
	case REPLY_RIGHT:
		reply(p);
		return true;
	case KEEP_SILENT:
	case CALL_NOW:
		break;
	}
	return false;
}

static enum clnt_stat call(struct play *p, struct rpc_err *error)
{
	static const struct timeval unused;
	const enum clnt_stat status =
		clnt_call(p->client, NULLPROC, wire_void, NULL, wire_void, NULL, unused);

	clnt_geterr(p->client, error);
	FUZZ_REQUIRE(error->re_status == status);
	return status;
}

static void check_call(struct play *p)
{
	const struct call *c = call_in(p);
	const struct mono before = p->clock.mono;
	const bool broken = c->broken != 0;
	const struct rpc_err was = c->error;
	const unsigned sent = c->counts.sent, taken = p->taken;
	struct rpc_err error;
	enum clnt_stat status;

	p->replied = broken ? p->replied : 0;
	status = call(p, &error);
	FUZZ_REQUIRE(mono_since(p->clock.mono, before) <= TIMEOUT + STEP_TIME);
	FUZZ_REQUIRE(status != RPC_SUCCESS || p->replied > 0);
	FUZZ_REQUIRE(c->record.len <= c->record.size && c->in_len <= sizeof(c->in));
	FUZZ_REQUIRE((c->fd < 0) == (c->broken != 0));
	FUZZ_REQUIRE(!p->stream || c->broken != 0 ||
		     c->counts.stray + c->counts.duplicate <= MOST_STRAYS);
	if (broken) {
		FUZZ_REQUIRE(status == was.re_status && error.re_errno == was.re_errno);
		FUZZ_REQUIRE(c->counts.sent == sent && p->taken == taken);
		FUZZ_REQUIRE(mono_since(p->clock.mono, before) == 0);
	}
}

/* A handle whose socket is one end of a pair. */
static void open_play(struct play *p, const uint8_t *data, size_t size)
{
	const struct call_target target = {
		.to = address_loopback(AF_INET, 9), /* nothing is sent there */
		.socktype = SOCK_DGRAM,
		.prog = 1,
		.vers = 1,
	};
	int ends[2];

	*p = (struct play){ .data = data + 1, .size = size - 1, .stream = data[0] % 2 };
	fake_clock_init(&p->clock, 0);
	p->clock.serve = take_step;
	p->clock.arg = p;
	FUZZ_REQUIRE(call_open(&p->client, &target, &p->clock.clock, TIMEOUT) == 0);
	FUZZ_REQUIRE(
		socketpair(AF_UNIX,
			   (p->stream ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK | SOCK_CLOEXEC, 0,
			   ends) == 0);
	FUZZ_REQUIRE(dup3(ends[0], call_in(p)->fd, O_CLOEXEC) == call_in(p)->fd);
	close(ends[0]);
	p->peer = ends[1];
	call_in(p)->target.socktype = p->stream ? SOCK_STREAM : SOCK_DGRAM;
	record_init(&p->reader.record, malloc(SMALL), SMALL);
	FUZZ_REQUIRE(p->reader.record.bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct play p;

	if (size == 0) {
		return 0;
	}
	open_play(&p, data, size);
	while (p.size > 0) {
		if (p.data[0] % 4 == CALL_NOW) {
			(void)next(&p);
			check_call(&p);
		} else {
			(void)take_step(&p);
		}
	}
	check_call(&p);
	clnt_destroy(p.client);
	close(p.peer);
	free(p.reader.record.bytes);
	return 0;
}
