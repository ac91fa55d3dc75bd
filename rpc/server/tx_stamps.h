/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The kernel's transmit timestamps of replies, kept for a bounded number of clients until their
 * next call asks for them (the interleaved mode of RFC 9769, section 2).
 *
 * Each client (an address and port) has at most one: that of its last reply that was to be
 * remembered. When two clients hash to the same place, the later one takes it, and the earlier one
 * is told that its timestamp is not known.
 */
#ifndef RPC_SERVER_TX_STAMPS_H
#define RPC_SERVER_TX_STAMPS_H

#include "rpc/address.h"
#include "os/clock.h"

struct tx_stamps;

/* Keep timestamps of the replies from the datagram socket `fd`, which it sets up. 0 or -errno. */
int tx_stamps_open(struct tx_stamps **out, int fd, struct clock *clock);
void tx_stamps_close(struct tx_stamps *d);

/*
 * The next datagram that leaves with stamp_request_tx is the reply to `peer`'s call that
 * arrived at `arrival`.
 */
void tx_stamps_expect(struct tx_stamps *d, const struct address *peer, ts_ns arrival);

/*
 * One of the expected datagrams could not be sent, so stamps no longer match datagrams. Call this
 * when none of the expected datagrams is still to be sent.
 */
void tx_stamps_failed(struct tx_stamps *d);

/*
 * Take in the stamps that the kernel has ready. Never blocks. Call this whenever poll reports the
 * socket: stamps that nobody takes keep it in error.
 */
void tx_stamps_collect(struct tx_stamps *d);

/* When the reply to that call left, on the given clock; 0 if not known. */
ts_ns tx_stamps_find(const struct tx_stamps *d, const struct address *peer, ts_ns arrival);

#endif
