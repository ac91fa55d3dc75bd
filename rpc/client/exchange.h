/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The procedures of TIMESYNC_PROG as a client uses them: exchanges with one server, as samples.
 */
#ifndef RPC_CLIENT_EXCHANGE_H
#define RPC_CLIENT_EXCHANGE_H

#include "core/sample.h"
#include "rpc/client/call.h"
#include "os/clock.h"

struct exchange;

#define EXCHANGE_PROGRAM 542397273
#define EXCHANGE_VERSION 1

/* Long enough for exchange_why. */
#define EXCHANGE_WHY_MAX 200

/*
 * Connect to the server at that address and port; each exchange may take `timeout` ns. Local
 * timestamps are on `clock`, which must outlive it. With `keys` all calls are authenticated, and
 * only authentic replies are accepted; null: none are. 0 or -errno. Released with exchange_close.
 */
int exchange_open(struct exchange **out, const struct address *server, int socktype,
		  struct clock *clock, dur_ns timeout, const struct keys *keys);
void exchange_close(struct exchange *x);

/* Let each exchange from now on take `timeout` ns. */
void exchange_set_timeout(struct exchange *x, dur_ns timeout);

/*
 * One exchange: 0, or -ETIMEDOUT, -ECONNREFUSED, -EPROTONOSUPPORT (the server has other versions
 * only), -EBADMSG (an answer that no server gives), ... exchange_why puts the last failure in
 * words.
 */
int exchange_null(struct exchange *x);
int exchange_timestamps(struct exchange *x, struct sample *out);
/*
 * One exchange of the interleaved mode (compare RFC 9769). `out` is the sample of the exchange
 * *before*, with both kernels' transmit timestamps. -EAGAIN where one of these is not known, as
 * after the first exchange or after a loss; -EOPNOTSUPP on a stream.
 */
int exchange_interleaved(struct exchange *x, struct sample *out);

/* How many interleaved exchanges gave no sample because a transmit timestamp was not known. */
struct exchange_unknown {
	unsigned replies; /* the server did not know when its reply left */
	unsigned calls;   /* this machine's kernel did not say when the call left */
};

struct exchange_unknown exchange_unknown(const struct exchange *x);

/* Also says how good the served clock is. */
int exchange_time(struct exchange *x, struct sample *out, struct clock_quality *quality);

/*
 * The last failure, as a clause about the server: "refused the call: ..." or "timed out". Returns
 * `buf`.
 */
const char *exchange_why(struct exchange *x, char buf[EXCHANGE_WHY_MAX]);

/* Whether the last failure is that one side has no key, or another one than the other side. */
bool exchange_is_about_keys(const struct exchange *x);

/* The counts since the last exchange_forget_counts. */
struct call_counts exchange_counts(struct exchange *x);

/* Count from here on: calls that warmed up the path are not part of a measurement. */
void exchange_forget_counts(struct exchange *x);

#endif
