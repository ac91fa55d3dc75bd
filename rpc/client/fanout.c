/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/fanout.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rpc/client/pending.h"
#include "rpc/stamp.h"
#include "rpc/wire.h"
#include "os/entropy.h"

/* The longest message either way. */
#define MESSAGE_MAX 16384
/* Taken in at one time. */
#define MESSAGES_A_WAKEUP 256
/* Or as large as the system lets it be: the answers to one round arrive together. */
#define RECEIVE_BUFFER (4 * 1024 * 1024)
/* xid, direction, status, an empty verifier (2 words), accepted. */
#define REPLY_HEADER 24

struct fanout {
	int fd;
	struct clock *clock;
	size_t max;
	struct pending_table *pending;
	uint8_t message[MESSAGE_MAX];
};

int fanout_open(struct fanout **out, int family, size_t max, struct clock *clock)
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
	f->fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	rc = f->fd < 0 ? -errno : entropy_fill(&xid, sizeof(xid));
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

/* --- sending --- */

static uint32_t new_xid(struct fanout *f)
{
	uint32_t xid = 0;

	do {
		/* It has not failed in fanout_open. */
		(void)entropy_fill(&xid, sizeof(xid));
	} while (pending_find(f->pending, xid));
	return xid;
}

/* Encode the call into f->message. Its length, or 0; `args_at` is where its arguments begin. */
static size_t encode(struct fanout *f, const struct fanout_call *call, uint32_t xid,
		     size_t *args_at)
{
	struct rpc_msg msg;
	XDR xdr;
	rpcproc_t proc = call->proc;
	struct opaque_auth none = _null_auth;

	memset(&msg, 0, sizeof(msg));
	msg.rm_xid = xid;
	msg.rm_direction = CALL;
	msg.rm_call.cb_rpcvers = RPC_MSG_VERSION;
	msg.rm_call.cb_prog = call->prog;
	msg.rm_call.cb_vers = call->vers;
	xdrmem_create(&xdr, (char *)f->message, sizeof(f->message), XDR_ENCODE);
	if (!xdr_callhdr(&xdr, &msg) || !xdr_u_int32_t(&xdr, &proc) ||
	    !xdr_opaque_auth(&xdr, &none) || !xdr_opaque_auth(&xdr, &none)) {
		return 0;
	}
	*args_at = xdr_getpos(&xdr);
	return call->encode(&xdr, call->args) ? xdr_getpos(&xdr) : 0;
}

int fanout_send(struct fanout *f, const struct fanout_call *call)
{
	const uint32_t xid = new_xid(f);
	struct pending *p;
	size_t args_at, len;
	ts_ns departed;

	if (fanout_pending(f) == f->max) {
		return -EAGAIN;
	}
	len = encode(f, call, xid, &args_at);
	if (len == 0) {
		return -EMSGSIZE;
	}
	departed = clock_now(f->clock);
	if (call->stamp) {
		wire_put_ts(f->message + args_at + call->stamp_offset, departed);
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

/* --- receiving --- */

static bool same_place(const struct address *a, const struct address *b)
{
	const struct host x = address_host(a), y = address_host(b);

	return memcmp(&x, &y, sizeof(x)) == 0 && address_port(a) == address_port(b);
}

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
	if (!p || !same_place(&p->to, from)) {
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
