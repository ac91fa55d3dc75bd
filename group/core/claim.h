/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The maximum error of this member's clock from UTC, and the source of the group's time.
 *
 * The leader sends both with each correction. The error then grows, by the possible error of the
 * clock's rate, until the leader sends a newer one. Without references all members hold over: the
 * leader sends each of them the least error that follows from the members' own claims.
 */
#ifndef GROUP_CORE_CLAIM_H
#define GROUP_CORE_CLAIM_H

#include "core/bound.h"
#include "group/core/message.h"

/* {0} at start: nothing is known. */
struct claim {
	bool told; /* where the group's time comes from, since that instant: */
	bool by_reference;
	struct mono since;
	bool known; /* the error, at that instant, and how it grows: */
	struct mono at;
	dur_ns max_error;
	int64_t growth_ppb;
	int64_t drift_ppb; /* of the group's time, as the leader has said */
};

/* The clock at an instant, for others to know what it is worth. */
struct claim_clock {
	struct mono from, to; /* it was read between these instants, */
	ts_ns shown;          /* and showed this */
	int64_t rate_ppb;     /* by how much it runs faster than the monotonic clock */
	int64_t slew_ppb;     /* a slew that is in this, ... */
	struct mono slew_end; /* ... and ends then */
	dur_ns renewed_in;    /* the leader will say something newer */
	dur_ns asleep;        /* as in struct bound */
	bool holds_over;      /* nothing was heard of references of late */
};

/* The bound of the clock, to be published. */
struct bound claim_bound(const struct claim *c, const struct claim_clock *clock);

/* The error at `now`; GROUP_UNKNOWN_ERROR: it can be any. */
dur_ns claim_error(const struct claim *c, struct mono now);

/* Nothing is known of the clock any more. */
void claim_forget(struct claim *c);

/* The clock was moved by so much more than it should have been. */
void claim_widen(struct claim *c, dur_ns by);

/*
 * From now on the error grows so fast, and as the group's time drifts on top of that; and may have
 * done so since the last news.
 */
void claim_age(struct claim *c, struct mono now, int64_t growth_ppb);

/* The leader has said where the group's time comes from. True if that is news. */
bool claim_source(struct claim *c, struct mono now, bool by_reference);

/*
 * The leader has told the error of the clock, right after its correction, for the instant `at`, and
 * how fast the group's time drifts. The error known before is kept where it is less, unless it is
 * void: the clock was stepped, its servo has begun anew, or references contradict it.
 */
void claim_take(struct claim *c, struct mono at, dur_ns max_error, int64_t drift_ppb, bool is_void);

#endif
