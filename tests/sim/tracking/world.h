/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A world in virtual time: a clock whose crystal wanders, paths that delay and lose packets, and
 * servers, between which `timesync track` runs as it is: its steering on a clock of this kind, its
 * combination of servers, and all of core/ below.
 */
#ifndef TESTS_SIM_TRACKING_WORLD_H
#define TESTS_SIM_TRACKING_WORLD_H

#include "track/steering.h"
#include "tests/support/random.h"

#define WORLD_SERVERS 3

/* From one instant until another, since the beginning; both 0: never. */
struct world_period {
	dur_ns from, until;
};

struct world_options {
	const char *name;
	dur_ns least;        /* that a packet takes each way */
	dur_ns jitter;       /* the mean of what it takes besides, exponentially distributed */
	double wander;       /* how far the rate wanders in a second, standard deviation, ppb */
	double swing_ppb;    /* of the temperature: the amplitude of a sine in the rate */
	dur_ns swing_period; /* of it */
	int loss_percent;    /* of packets, each way */
	dur_ns busy_out, busy_back; /* jitter added in one minute of ten */
	dur_ns longer_out;          /* what the way out takes longer */
	struct world_period longer;
	struct world_period outage; /* no packet arrives */
	size_t servers;             /* 0: one */
	dur_ns lie;                 /* by how much the first server is ahead of the truth */
};

/* The statistics of the clock's true error over a period. */
struct world_error {
	double squares, worst; /* ns^2, ns */
	double rate_squares;   /* ppb^2, each second */
	double mean_squares;   /* ppb^2, of means over 64 s */
	size_t seconds, means;
};

struct world {
	struct clock clock; /* first: it is this one */
	struct world_options options;
	struct random random, crystal; /* the crystal of a seed is the same, whatever is done */

	double truth;          /* ns since the beginning */
	double ahead;          /* the clock minus the truth, ns */
	double mono;           /* the monotonic clock minus the truth, ns */
	double rate_ppb;       /* how much too fast the crystal is, temperature aside */
	int64_t frequency_ppb; /* its correction */

	struct steering steering;
	struct discipline_decision decision;
	struct discipline_status status;
	struct measure_job jobs[WORLD_SERVERS];
	double asked[WORLD_SERVERS]; /* when GET_TIME was answered last */
	bool failed;                 /* the steering reported an error, or refused */

	size_t polls, sent, broken; /* polls, calls, and bounds that did not hold */
	struct world_error error;   /* since tracking_watch */
	size_t since;               /* seconds of watching, for the means */
	double mean_from;           /* the clock's error 64 s ago */
	double last_above[2];       /* when the error was above 1 ms and 100 us last, s, */
	double first_below[2];      /* and when it first had not been for a minute; < 0: not yet */
};

/* A clock 1 s ahead and 100 ppm fast, of this seed, that nobody steers yet. */
void tracking_begin(struct world *w, const struct world_options *options,
		    const struct discipline_limits *limits, uint64_t seed);

/* Track until so long after the beginning. */
void tracking_run(struct world *w, dur_ns until);

/* Forget the error's statistics. */
void tracking_watch(struct world *w);

#endif
