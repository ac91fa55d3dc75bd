/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock's statement on leap seconds, on the wire: the numbers are the same.
 */
#ifndef RPC_LEAP_H
#define RPC_LEAP_H

#include "os/clock.h"
#include "timesync.h"

_Static_assert((int)CLOCK_LEAP_NONE == (int)TIMESYNC_LEAP_NONE &&
		       (int)CLOCK_LEAP_INSERT == (int)TIMESYNC_LEAP_INSERT &&
		       (int)CLOCK_LEAP_DELETE == (int)TIMESYNC_LEAP_DELETE &&
		       (int)CLOCK_LEAP_IN_PROGRESS == (int)TIMESYNC_LEAP_IN_PROGRESS &&
		       (int)CLOCK_LEAP_UNKNOWN == (int)TIMESYNC_LEAP_UNKNOWN,
	       "os/clock.h counts leap seconds as timesync.x does");

static inline timesync_leap leap_to_wire(enum clock_leap leap)
{
	return (timesync_leap)leap;
}

/* Whatever number a peer sends. */
static inline enum clock_leap leap_from_wire(timesync_leap leap)
{
	const unsigned n = (unsigned)leap;

	return n <= CLOCK_LEAP_UNKNOWN ? (enum clock_leap)n : CLOCK_LEAP_UNKNOWN;
}

#endif
