/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The client's transports: CLIENT handles of our own, on which the stubs that rpcgen generates run
 * unchanged, made for measuring.
 *
 * A call is sent once and never again (a retransmission would be counted as delay), under a random
 * xid and with a deadline of its own. The transmit timestamp is put into the encoded call just
 * before it is sent, the arrival is the kernel's. Replies to earlier calls are recognised and
 * counted; they are never taken for the one awaited. The deadline holds, whatever arrives.
 *
 * With keys, calls are authenticated (rpc/auth_mac.h) under the first one, and only authentic
 * replies are accepted: any other message with the xid of the call is a stray, and the call goes on
 * waiting. If no authentic reply comes, the call fails with the error that the last stray gave, or
 * AUTH_INVALIDRESP.
 *
 * When a stream ends, its framing fails, or several of its messages answer nothing, the connection
 * is closed, and every later call on the handle fails at once for that reason.
 */
#ifndef RPC_CLIENT_CALL_H
#define RPC_CLIENT_CALL_H

#include <rpc/rpc.h>

#include "rpc/address.h"
#include "rpc/keys.h"
#include "os/clock.h"

/* Messages on a stream that answer no call: with this one it is given up. */
#define CALL_MAX_STRAYS 8

struct call_counts {
	unsigned sent;
	unsigned received;  /* replies in time */
	unsigned lost;      /* calls that timed out */
	unsigned late;      /* replies that came after that */
	unsigned duplicate; /* replies that came again */
	unsigned stray;     /* messages that are not a reply to any call of ours */
};

/* The server to call, and how. */
struct call_target {
	struct address to; /* AF_INET, AF_INET6, or AF_UNIX with SOCK_STREAM */
	int socktype;      /* SOCK_DGRAM or SOCK_STREAM */
	rpcprog_t prog;
	rpcvers_t vers;
	const struct keys *keys; /* authenticate calls by these; null: do not */
};

/*
 * Connect to `target`, in at most `timeout` ns for a stream; each call on the handle may then take
 * `timeout` as well, and the stub's own timeout is ignored. Stamps are on the scale of `clock`,
 * which must outlive the handle; keys are copied. Calls go with AUTH_NONE or AUTH_MAC, and there is
 * no cl_auth (authnone_create makes its one object without a lock). A handle is for one thread. 0
 * or -errno (-ETIMEDOUT, -ECONNREFUSED, ...). Released by clnt_destroy.
 */
int call_open(CLIENT **out, const struct call_target *target, struct clock *clock, dur_ns timeout);

/* Let each call from now on take `timeout` ns. */
void call_set_timeout(CLIENT *client, dur_ns timeout);

/* Have all calls from now on end by that instant, however many there are. */
void call_set_deadline(CLIENT *client, struct mono deadline);

/* Have the next call carry its transmit timestamp, a hyper at this offset of its arguments. */
void call_stamp_tx(CLIENT *client, size_t argument_offset);

/*
 * The failure of a call as a -errno: -ETIMEDOUT; the error of sending or receiving (-ECONNREFUSED,
 * -ECONNRESET, ..., or -EIO); -EPROTONOSUPPORT, the server has other versions only; -EOPNOTSUPP, it
 * has no such procedure; -EBADMSG, any other answer without a result.
 */
int call_error(CLIENT *client);

/* The errno of a failed call as a clause about the peer: "sent a record that is too long". */
const char *call_error_text(int error);

/* When the last call left, and when its reply arrived. */
ts_ns call_departed(const CLIENT *client);
ts_ns call_arrived(const CLIENT *client);

/*
 * Have the kernel take a transmit timestamp of each call from now on, besides the one that the call
 * carries; datagrams only. 0 or -errno (-EOPNOTSUPP on a stream).
 */
int call_enable_transmit_stamps(CLIENT *client);

/* The kernel's transmit timestamp of the last call; 0 if there is none. */
ts_ns call_transmitted(const CLIENT *client);

/* The counts so far, including replies that are waiting to be read. */
struct call_counts call_counts(CLIENT *client);

#endif
