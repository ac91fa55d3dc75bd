/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Many calls at once, to many servers, over one datagram socket: asking a thousand of them takes
 * as long as the slowest answer, and the dead ones cost one timeout in all.
 *
 * As with rpc/client/call.h, a call is sent once, under a random xid; its transmit timestamp can be
 * put into it, and its arrival is the kernel's. A reply counts only if it comes from the address
 * that the call was sent to.
 */
#ifndef RPC_CLIENT_FANOUT_H
#define RPC_CLIENT_FANOUT_H

#include <rpc/rpc.h>

#include "rpc/address.h"
#include "os/clock.h"

struct fanout;

/* How a call ended. */
struct fanout_outcome {
	int rc; /* 0, -ETIMEDOUT, or -EBADMSG: an answer, but not with a result */
	/* With rc 0: */
	const uint8_t *result; /* encoded, to be decoded by the callee: valid until it returns */
	size_t len;
	ts_ns departed, arrived; /* on the local clock */
};

/* Called once for each call. It may make further calls. */
typedef void fanout_done_fn(void *arg, const struct fanout_outcome *outcome);

/*
 * Whether a result is the expected one. If not, the call goes on: an attacker who sees calls can
 * send a wrong result before the right one arrives.
 */
typedef bool fanout_takes_fn(void *arg, const struct fanout_outcome *outcome);

struct fanout_call {
	struct address to;
	rpcprog_t prog;
	rpcvers_t vers;
	rpcproc_t proc;
	xdrproc_t encode;
	void *args;
	bool stamp;          /* write the transmit timestamp into the arguments, ... */
	size_t stamp_offset; /* ... as a hyper at this offset of them */
	dur_ns timeout;
	/* Null: any. Otherwise errors are not taken for answers either, as anybody can send them.
	 */
	fanout_takes_fn *takes;
	fanout_done_fn *done;
	void *arg;
};

/*
 * For at most `max` calls at a time, from a free port of the address `from`, to servers of its
 * family. 0 or -errno. The caller releases it with fanout_close.
 */
int fanout_open(struct fanout **out, const struct address *from, size_t max, struct clock *clock);

/* Forget all calls, without telling, and release it; null is fine. */
void fanout_close(struct fanout *f);

/* Readable when fanout_serve has work. */
int fanout_fd(const struct fanout *f);

/*
 * Send a call. 0; or, and then `done` is not called, -EAGAIN (`max` calls are pending, or the
 * socket is full: try again after fanout_serve), -EMSGSIZE (the arguments are too long), or -errno.
 */
int fanout_send(struct fanout *f, const struct fanout_call *call);

/* Read a bounded number of replies, and pass each to its caller. Never blocks. */
void fanout_serve(struct fanout *f);

/*
 * End the calls that have timed out at `now`. Returns in how many ns to call this again; negative:
 * when there is another call.
 */
dur_ns fanout_expire(struct fanout *f, struct mono now);

/* The number of pending calls. */
size_t fanout_pending(const struct fanout *f);

#endif
