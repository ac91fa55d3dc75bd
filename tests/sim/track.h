/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A simulation of `timesync track` in virtual time: a clock that is wrong and wanders, a path that
 * is slow and loses packets, a server that is right, and core/discipline between them.
 */
#ifndef TESTS_SIM_TRACK_H
#define TESTS_SIM_TRACK_H

#include "core/delays.h"
#include "core/discipline.h"
#include "tests/support/random.h"

struct track_world {
	dur_ns ahead;       /* the clock minus the server's at first */
	int64_t drift_ppb;  /* how much too fast the clock is at first */
	double wander_ppb;  /* what that changes by in a second, its standard deviation */
	dur_ns there, back; /* the least that a packet takes */
	dur_ns jitter;      /* what it takes more at most, evenly distributed */
	int loss_percent;   /* of exchanges */
	bool system;        /* it is a system clock: what tunes it tunes the monotonic one too */
	bool follows;       /* the server's clock follows this one */
	bool ends_slews;    /* the clock does, whatever becomes of the tracker */
	dur_ns late;        /* by how much the end of a slew comes too late at most */
};

struct track {
	struct track_world world;
	struct random random;
	ts_ns truth;           /* what the server's clock shows */
	double ahead;          /* the clock minus that, ns */
	double mono;           /* the monotonic clock minus the server's, ns */
	double rate_ppb;       /* how much too fast the clock is without correction */
	int64_t frequency_ppb; /* its correction in force */
	bool slewing;          /* a part of that is a slew, */
	struct mono slew_end;  /* until then */
	bool gone;             /* no server answers */
	dur_ns lie;            /* what the server's time is wrong by */

	struct delays delays;
	struct discipline discipline;
	struct discipline_decision decision; /* the last one */
	int polls, answered, steps, slews, contradictions, restarts, rates, refusals, saves;
};

/* Begin a world of this seed, with a discipline that knows nothing. */
void track_begin(struct track *t, const struct track_world *world,
		 const struct discipline_limits *limits, uint64_t seed);

/* Poll the server once, which takes as long as it takes, and do what the discipline decides. */
void track_poll(struct track *t);

/* Let time pass. */
void track_wait(struct track *t, dur_ns d);

/* The estimate that `timesync track` would show now. */
struct discipline_status track_status(const struct track *t);

/* The true offset: remote minus local. */
dur_ns track_offset(const struct track *t);

/* And its rate: what the clock loses untouched, by the clock itself. */
double track_rate_ppb(const struct track *t);

/* The monotonic clock. */
struct mono track_mono(const struct track *t);

/* How long the world has existed. */
dur_ns track_age(const struct track *t);

#endif
