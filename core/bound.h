/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Time with a bound: the knowledge of a clock's publisher (a tracker) at one instant, and the
 * interval that follows from it at a later one. The true time lies in that interval.
 *
 * Time passes by the monotonic clock, so a step of the clock in question does not disturb it. The
 * bound grows with the age of the knowledge, by how wrong the rate can be. It grows faster once a
 * slew should have ended and nobody says that it did, and once the publisher should have said
 * something new: from then on the clock is in hold-over, and later on nothing is known of it. The
 * semantics are those of AWS ClockBound.
 */
#ifndef CORE_BOUND_H
#define CORE_BOUND_H

#include "core/arith.h"
#include "core/drift_limits.h"
#include "core/ts.h"

enum bound_state {
	BOUND_UNKNOWN,      /* the true time can be any */
	BOUND_HOLD_OVER,    /* the interval holds, but nothing has been measured of late */
	BOUND_SYNCHRONISED, /* it holds, and is by recent measurements */
};

/*
 * Every field has 64 bits, as processes share it word by word. Rates are shares of 2^32
 * (bound_share): to multiply a time by one takes no division.
 */
struct bound {
	int64_t state;         /* enum bound_state, until `due`; and BOUND_OF_SERVERS, or not */
	struct mono at;        /* the instant */
	ts_ns shown;           /* what the clock showed */
	int64_t rate;          /* by how much it runs faster than the monotonic clock */
	dur_ns max_error;      /* |true time - shown| <= max_error */
	int64_t growth;        /* by how much that grows; >= 0 */
	struct mono slew_end;  /* a slew, which is in `rate` or in the monotonic clock, ends, */
	int64_t slew;          /* and if it does not, the bound grows by this too; >= 0 */
	struct mono due;       /* something newer should have been published */
	struct mono forgotten; /* nothing is known from now on; not before `due` */
	dur_ns asleep;         /* how long the machine had been suspended since it was started */
};

/* How long a bound lasts beyond `due`. */
#define BOUND_LASTS (1000 * NS_PER_SEC)

/* The true time is that of the servers. None claims to be synchronised: it is not UTC. */
#define BOUND_OF_SERVERS 4

/* A whole, as a share. */
#define BOUND_WHOLE (INT64_C(1) << 32)

/* A rate as a share, rounded up by less than one part in 2^32. */
int64_t bound_share(int64_t ppb);

/* Nothing is known, at that instant or later. */
struct bound bound_unknown(struct mono at);

/* Whether all fields are in range, so that bound_at is defined. */
bool bound_valid(const struct bound *b);

struct bound_interval {
	ts_ns earliest, latest; /* the true time is between these; 0 and INT64_MAX: it can be any */
	enum bound_state state;
	bool of_servers; /* see BOUND_OF_SERVERS */
};

/* That share of a time, cut off, for 0 <= d <= 13 days. */
static inline dur_ns bound_share_of(dur_ns d, int64_t share)
{
	const uint64_t whole = (uint64_t)d / BOUND_WHOLE, rest = (uint64_t)d % BOUND_WHOLE;

	return (dur_ns)(whole * (uint64_t)share + rest * (uint64_t)share / BOUND_WHOLE);
}

/* How fast adjtime(3) slews: from `due` on anybody may be doing that. */
#define BOUND_ABANDONED (DRIFT_SLEW_PPB * BOUND_WHOLE / NS_PER_SEC + 1)

/* How much the error has grown by that age. */
static inline dur_ns bound_grown(const struct bound *b, struct mono now, dur_ns age)
{
	dur_ns grown = bound_share_of(age, b->growth) + 2; /* for the rounding here and below */

	if (b->slew > 0 && now.ns > b->slew_end.ns) {
		grown += bound_share_of(mono_since(now, b->slew_end), b->slew) + 1;
	}
	if (now.ns > b->due.ns) {
		grown += bound_share_of(mono_since(now, b->due), BOUND_ABANDONED) + 1;
	}
	return grown;
}

/* How much the clock has gained by that age. */
static inline dur_ns bound_gained(const struct bound *b, dur_ns age)
{
	return b->rate < 0 ? -bound_share_of(age, -b->rate) : bound_share_of(age, b->rate);
}

/*
 * The bound at `now`, if the machine has not been suspended since `at`. The bound and `now` are
 * valid. Inline, as a program calls it with each reading of the clock.
 */
static inline struct bound_interval bound_at(const struct bound *b, struct mono now)
{
	const enum bound_state state = (enum bound_state)(b->state & ~(int64_t)BOUND_OF_SERVERS);
	dur_ns age, error;
	ts_ns shown;

	if (state == BOUND_UNKNOWN || now.ns >= b->forgotten.ns) {
		return (struct bound_interval){ 0, INT64_MAX, BOUND_UNKNOWN, false };
	}
	age = arith_max(mono_since(now, b->at), 0);
	error = b->max_error + bound_grown(b, now, age);
	shown = b->shown + age + bound_gained(b, age);
	return (struct bound_interval){
		.earliest = arith_max(shown - error, 0),
		.latest = shown + error,
		.state = now.ns >= b->due.ns ? BOUND_HOLD_OVER : state,
		.of_servers = b->state & BOUND_OF_SERVERS,
	};
}

/* "synchronised", "hold-over" or "unknown"; a static string. */
const char *bound_state_name(enum bound_state state);

#endif
