/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How well track keeps time in a world, from some seeds of it.
 */
#ifndef TESTS_SIM_TRACKING_JUDGE_H
#define TESTS_SIM_TRACKING_JUDGE_H

#include "tests/sim/tracking/worlds.h"

/* How track is run: by an interval of the user's, or without any. */
enum judge_contender { JUDGE_EVERY_16S, JUDGE_BY_DEFAULT, JUDGE_CONTENDERS };

struct judge_result {
	double rms;       /* of the clock's error in the time that is judged, us */
	double rate;      /* RMS of the frequency's error then, ppb, */
	double mean_rate; /* and of its means over 64 s */
	double sent;      /* calls in an hour then, to each server */
	double within[2]; /* s until the error stays below 1 ms and 100 us; the mean of the seeds */
	size_t polls, broken;
	bool failed; /* track refused, or an error was reported */
};

/* Run the seeds from 1 to `seeds`. */
struct judge_result judge(const struct worlds_row *row, enum judge_contender who, uint64_t seeds);

/*
 * Run random worlds, in random ways, until `polls` polls were made. Returns how many bounds were
 * broken; each is printed on stderr.
 */
size_t judge_bounds(uint64_t seed, size_t polls);

#endif
