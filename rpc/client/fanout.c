/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/fanout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "os/entropy.h"
#include "rpc/stamp.h"
#include "rpc/wire.h"

/* The longest message either way. */
#define MESSAGE_MAX 16384
/* Taken in at one time. */
#define MESSAGES_A_WAKEUP 256
/* Or as large as the system lets it be: the answers to one round arrive together. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* xid, direction, status, an empty verifier (2 words), accepted. */
#define REPLY_HEADER 24

/* --- calls under way, by xid ---------------------------------------------------------------- */

struct pending {
	uint32_t xid;
	bool used;
	struct address to;
	struct mono deadline;
	ts_ns departed;
	fanout_takes_fn *takes;
	fanout_done_fn *done;
	void *arg;
};

struct pending_table {
	size_t n;
	size_t size;              /* a power of two, at least twice as large as `n` gets */
	struct pending entries[]; /* open addressing with linear probing */
};

/* For at most `max` calls. To be released with free; null when out of memory. */
static struct pending_table *pending_new(size_t max)
{
	struct pending_table *t;
	size_t size = 2;

	while (size < 2 * max) {
		size *= 2;
	}
	t = calloc(1, sizeof(*t) + size * sizeof(t->entries[0]));
	if (t) {
		t->size = size;
	}
	return t;
}

static size_t pending_count(const struct pending_table *t)
{
	return t->n;
}

/* xids are random already: no hash is needed. */
static size_t home_of(const struct pending_table *t, uint32_t xid)
{
	return xid & (t->size - 1);
}

static size_t after(const struct pending_table *t, size_t i)
{
	return (i + 1) & (t->size - 1);
}

/* The call of that xid, or null. Valid until the table changes. */
static struct pending *pending_find(struct pending_table *t, uint32_t xid)
{
	for (size_t i = home_of(t, xid); t->entries[i].used; i = after(t, i)) {
		if (t->entries[i].xid == xid) {
			return &t->entries[i];
		}
	}
	return NULL;
}

/* Add a call of that xid, which must not be there; there must be room. All else is zero. */
static struct pending *pending_add(struct pending_table *t, uint32_t xid)
{
	size_t i = home_of(t, xid);

	while (t->entries[i].used) {
		i = after(t, i);
	}
	t->n++;
	t->entries[i] = (struct pending){ .xid = xid, .used = true };
	return &t->entries[i];
}

/* Entries after it that would no longer be found move up (Knuth, TAOCP 6.4, algorithm R). */
static void pending_remove(struct pending_table *t, struct pending *p)
{
	const size_t mask = t->size - 1;
	size_t hole = (size_t)(p - t->entries);

	t->n--;
	for (size_t i = after(t, hole); t->entries[i].used; i = after(t, i)) {
		const size_t home = home_of(t, t->entries[i].xid);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->entries[hole] = t->entries[i];
			hole = i;
		}
	}
	t->entries[hole].used = false;
}

/* The call of the earliest deadline; null if there is none. */
static struct pending *pending_earliest(struct pending_table *t)
{
	struct pending *first = NULL;

	for (size_t i = 0; i < t->size && t->n > 0; i++) {
		struct pending *p = &t->entries[i];

		if (p->used && (!first || mono_since(first->deadline, p->deadline) > 0)) {
			first = p;
		}
	}
	return first;
}

/* --- the socket ----------------------------------------------------------------------------- */

struct fanout {
	int fd;
	struct clock *clock;
	size_t max;
	struct pending_table *pending;
	uint8_t message[MESSAGE_MAX];
};

/* A socket that sends from that address, whatever its port. Its descriptor or -errno. */
static int open_socket(const struct address *from)
{
	const int fd = socket(from->sa.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct address at = *from;

	address_set_port(&at, 0);
	if (fd >= 0 && !address_is_any(&at) &&
	    bind(fd, (const struct sockaddr *)&at.sa, at.len) < 0) {
		const int rc = -errno;

		close(fd);
		return rc;
	}
	return fd < 0 ? -errno : fd;
}

int fanout_open(struct fanout **out, const struct address *from, size_t max, struct clock *clock)
{
	const int buffer = RECEIVE_BUFFER;
	struct fanout *f = calloc(1, sizeof(*f));
	uint32_t xid;
	int rc;

	if (!f) {
		return -ENOMEM;
	}
	f->clock = clock;
	f->max = max;
	f->pending = pending_new(max);
	f->fd = open_socket(from);
	rc = f->fd < 0 ? f->fd : entropy_fill(&xid, sizeof(xid));
	rc = f->pending ? rc : -ENOMEM;
	if (rc != 0) {
		fanout_close(f);
		return rc;
	}
	(void)stamp_enable(f->fd); /* without it, stamps are taken a little later */
	if (setsockopt(f->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)) < 0) {
		(void)setsockopt(f->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	}
	*out = f;
	return 0;
}

void fanout_close(struct fanout *f)
{
	if (!f) {
		return;
	}
	if (f->fd >= 0) {
		close(f->fd);
	}
	free(f->pending);
	free(f);
}

int fanout_fd(const struct fanout *f)
{
	return f->fd;
}

size_t fanout_pending(const struct fanout *f)
{
	return pending_count(f->pending);
}

/* --- sending -------------------------------------------------------------------------------- */

static uint32_t new_xid(struct fanout *f)
{
	uint32_t xid = 0;

	do {
		/* It has not failed in fanout_open. */
		(void)entropy_fill(&xid, sizeof(xid));
	} while (pending_find(f->pending, xid));
	return xid;
}

/* Encode the call into f->message. Its length, or 0. */
static size_t encode(struct fanout *f, const struct fanout_call *call, uint32_t xid)
{
	XDR xdr;

	wire_put_call(f->message, xid, call->prog, call->vers, call->proc);
	xdrmem_create(&xdr, (char *)f->message + WIRE_CALL_SIZE,
		      sizeof(f->message) - WIRE_CALL_SIZE, XDR_ENCODE);
	return call->encode(&xdr, call->args) ? WIRE_CALL_SIZE + xdr_getpos(&xdr) : 0;
}

int fanout_send(struct fanout *f, const struct fanout_call *call)
{
	const uint32_t xid = new_xid(f);
	struct pending *p;
	size_t len;
	ts_ns departed;

	if (fanout_pending(f) == f->max) {
		return -EAGAIN;
	}
	len = encode(f, call, xid);
	if (len == 0) {
		return -EMSGSIZE;
	}
	departed = clock_now(f->clock);
	if (call->stamp) {
		wire_put_ts(f->message + WIRE_CALL_SIZE + call->stamp_offset, departed);
	}
	if (sendto(f->fd, f->message, len, MSG_DONTWAIT, (const struct sockaddr *)&call->to.sa,
		   call->to.len) < 0) {
		return errno == ENOBUFS ? -EAGAIN : -errno;
	}
	p = pending_add(f->pending, xid);
	p->to = call->to;
	p->deadline = mono_add(clock_mono(f->clock), call->timeout);
	p->departed = departed;
	p->takes = call->takes;
	p->done = call->done;
	p->arg = call->arg;
	return 0;
}

/* --- receiving ------------------------------------------------------------------------------ */

/* Where the result begins in a reply that has one; 0 if it has none. */
static size_t result_at(const uint8_t *reply, size_t len)
{
	if (len < REPLY_HEADER || wire_get_u32(reply + 8) != MSG_ACCEPTED ||
	    wire_get_u32(reply + 16) != 0 || wire_get_u32(reply + 20) != SUCCESS) {
		return 0;
	}
	return REPLY_HEADER;
}

/* End the call. It is out of the table before anyone is told, so that they may call again. */
static void end(struct fanout *f, struct pending *p, const struct fanout_outcome *outcome)
{
	const struct pending ended = *p;

	pending_remove(f->pending, p);
	ended.done(ended.arg, outcome);
}

static void take(struct fanout *f, size_t len, const struct address *from, ts_ns arrived)
{
	struct pending *p = NULL;
	struct fanout_outcome outcome = { .rc = -EBADMSG, .arrived = arrived };
	size_t at;

	if (len >= 8 && wire_get_u32(f->message + 4) == REPLY) {
		p = pending_find(f->pending, wire_get_u32(f->message));
	}
	if (!p || !address_is_same_place(&p->to, from)) {
		return;
	}
	outcome.departed = p->departed;
	at = result_at(f->message, len);
	if (at > 0) {
		/* The next call is encoded where this reply is, so it gets a copy of its own. */
		uint8_t result[MESSAGE_MAX];

		memcpy(result, f->message + at, len - at);
		outcome.rc = 0;
		outcome.result = result;
		outcome.len = len - at;
		if (!p->takes || p->takes(p->arg, &outcome)) {
			end(f, p, &outcome);
		}
	} else if (!p->takes) {
		end(f, p, &outcome);
	}
}

/* Take in one message. False when there is none. */
static bool receive(struct fanout *f)
{
	_Alignas(struct cmsghdr) uint8_t control[STAMP_CONTROL_SIZE];
	struct address from = { .len = sizeof(from.sa) };
	struct iovec iov = { .iov_base = f->message, .iov_len = sizeof(f->message) };
	struct msghdr msg = {
		.msg_name = &from.sa,
		.msg_namelen = from.len,
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(f->fd, &msg, MSG_DONTWAIT);

	if (n < 0) {
		return errno == EINTR;
	}
	from.len = msg.msg_namelen;
	take(f, (size_t)n, &from, stamp_arrival(&msg, f->clock));
	return true;
}

void fanout_serve(struct fanout *f)
{
	for (int i = 0; i < MESSAGES_A_WAKEUP && receive(f); i++) {
	}
}

dur_ns fanout_expire(struct fanout *f, struct mono now)
{
	const struct fanout_outcome outcome = { .rc = -ETIMEDOUT };
	struct pending *p;

	fanout_serve(f); /* replies that wait to be read came in time */
	while ((p = pending_earliest(f->pending)) != NULL) {
		const dur_ns left = mono_since(p->deadline, now);

		if (left > 0) {
			return left;
		}
		end(f, p, &outcome);
	}
	return -1;
}
