/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bound of a clock that a discipline keeps.
 */
#ifndef CORE_BOUND_TRACK_H
#define CORE_BOUND_TRACK_H

#include "core/bound.h"
#include "core/discipline.h"

/* A bound that is not renewed this long after it should be is old. */
#define BOUND_TRACK_GRACE (5 * NS_PER_SEC)

/* The clock and what the discipline does not know of it. */
struct bound_tracked {
	enum bound_state state; /* whether its estimate can be relied on */
	struct mono from, to;   /* the clock was read between these instants, */
	ts_ns shown;            /* and showed this */
	int64_t rate_ppb;       /* by how much it runs faster than the monotonic clock */
	dur_ns reference_error; /* of the servers' clocks; INT64_MAX if not known */
	bool of_servers;        /* if it is not, the true time is that of the servers */
	dur_ns asleep;          /* as in struct bound */
	dur_ns slew_for;        /* how long a slew in progress is to take; else 0 */
	dur_ns renewed_in;      /* when the bound will be renewed */
	bool leap; /* a leap second is announced: it comes at the end of a day of UTC */
};

/*
 * Whether the estimate can be relied on after a poll. After a measurement that contradicts the
 * model it cannot.
 */
enum bound_state bound_track_state(const struct discipline_decision *decision,
				   const struct discipline_status *status);

/* The bound, to be published. Nothing is known if an error is not known. */
struct bound bound_track(const struct discipline *d, const struct bound_tracked *c);

#endif
