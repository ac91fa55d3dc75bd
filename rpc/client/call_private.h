/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the two transports of rpc/client/call.h: the handle, the encoding of calls, and the
 * memory of earlier calls.
 */
#ifndef RPC_CLIENT_CALL_PRIVATE_H
#define RPC_CLIENT_CALL_PRIVATE_H

#include "rpc/client/call.h"
#include "rpc/mac.h"
#include "rpc/record.h"

/* The longest message either way. rpcbind's list of registrations needs most of it. */
#define CALL_MESSAGE_MAX 16384
/* How many earlier calls are remembered, to tell late replies from strays. */
#define CALL_HISTORY 64

struct call_past {
	uint32_t xid;
	bool sent; /* else the entry is still empty */
	bool answered;
};

struct call {
	CLIENT client;
	struct call_target target;
	struct clock *clock;
	struct mac *mac; /* null: calls are not authenticated */
	bool doubted;    /* what came for this call was not authentic; `error` says what it was */
	dur_ns timeout;
	bool limited; /* all calls end by `end` */
	struct mono end;
	int fd;
	bool stamp_next;
	size_t stamp_offset;
	ts_ns departed, arrived;
	bool transmit_stamps; /* are asked for */
	uint32_t transmits;   /* that asked so far, as the kernel counts them */
	ts_ns transmitted;    /* 0: not known (yet) */
	struct rpc_err error;
	int broken; /* 0, or the -errno for which the stream was closed */
	struct call_counts counts;
	struct call_past past[CALL_HISTORY]; /* a ring; the newest is the current call */
	unsigned newest;
	struct record record;           /* of a stream */
	uint8_t mark[RECORD_MARK_SIZE]; /* goes before `out` on a stream: see call_stream.c */
	uint8_t out[CALL_MESSAGE_MAX];
	size_t out_len;
	size_t out_tx_at; /* where the transmit timestamp goes in `out`; 0: nowhere */
	uint8_t in[CALL_MESSAGE_MAX];
	size_t in_len;
};

static inline struct call *call_of(const CLIENT *client)
{
	return client->cl_private;
}

/* How a message relates to the call in progress. */
enum call_match { CALL_MATCH, CALL_NO_MATCH };

/* Encode a call of `proc` under a fresh xid into c->out. False, with c->error set, if it cannot be.
 */
bool call_encode(struct call *c, rpcproc_t proc, xdrproc_t encode, void *args);

/* Write the transmit timestamp, now, into the encoded call, and then its MAC. */
void call_depart(struct call *c);

/* Whether c->in is the awaited reply; counts the message either way. */
enum call_match call_classify(struct call *c);

/*
 * Decode the reply in c->in, to the last octet, into *result, which holds zeros. Sets c->error. The
 * caller frees the memory of a result; without a result nothing is allocated.
 */
enum clnt_stat call_decode(struct call *c, xdrproc_t decode, void *result);

/* Fail with that status and errno. Returns the status. */
enum clnt_stat call_fail(struct call *c, enum clnt_stat status, int error);

/*
 * Open c->fd, connected to c->target: such a socket takes datagrams from its peer only, and hears
 * of a port that is closed. 0 or -errno.
 */
int call_connect(struct call *c);

/* Whether the deadline has passed. */
bool call_expired(const struct call *c, struct mono deadline);

/* Wait for events on the socket, no longer than until `deadline`. 0, -ETIMEDOUT or -errno. */
int call_wait(struct call *c, short events, struct mono deadline);

/* One recvmsg into `buf` without blocking; notes the arrival. Octets, 0 at end of stream, or
 * -errno. */
ssize_t call_receive(struct call *c, uint8_t *buf, size_t size);

/*
 * The two transports: send c->out, and receive one whole message into c->in. 0 or -errno. On a
 * stream every error but -ETIMEDOUT before or between octets of ours breaks it: see call_break.
 */
int call_dgram_send(struct call *c, struct mono deadline);
int call_dgram_receive(struct call *c, struct mono deadline);
int call_stream_send(struct call *c, struct mono deadline);
int call_stream_receive(struct call *c, struct mono deadline);

/* Close the stream for that reason, a -errno, unless it is closed already. Returns `error`. */
int call_break(struct call *c, int error);

#endif
