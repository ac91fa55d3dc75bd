/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * When replies really left: the kernel's transmit stamps, kept for a bounded number of clients
 * until their next call asks for them (the interleaved mode of RFC 9769, section 2).
 *
 * Each client, an address and port, has at most one: of the last reply that was to be remembered.
 * When two clients fall on the same place the later one has it, and the earlier one is told that
 * nothing is known.
 */
#ifndef RPC_SERVER_DEPARTURES_H
#define RPC_SERVER_DEPARTURES_H

#include "rpc/address.h"
#include "os/clock.h"

struct departures;

/* For replies from the datagram socket `fd`, which it sets up. 0 or -errno. */
int departures_open(struct departures **out, int fd, struct clock *clock);
void departures_close(struct departures *d);

/*
 * The next datagram that leaves with stamp_request_departure is the reply to `peer`'s call that
 * arrived at `arrival`.
 */
void departures_expect(struct departures *d, const struct address *peer, ts_ns arrival);

/*
 * Of the datagrams expected, one could not be sent: which stamp is whose is no longer known. To be
 * called when no other of them is still to be sent.
 */
void departures_failed(struct departures *d);

/*
 * Take in the stamps that the kernel has ready. Never blocks. To be called whenever poll reports
 * the socket: stamps that nobody takes keep it in error.
 */
void departures_collect(struct departures *d);

/* When the reply to that call left, on the clock given; 0 if that is not known. */
ts_ns departures_find(const struct departures *d, const struct address *peer, ts_ns arrival);

#endif
