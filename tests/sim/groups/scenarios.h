/* SPDX-License-Identifier: BSD-3-Clause */
/* The situations in which a group's accuracy is promised, and the promises. */
#ifndef TESTS_SIM_GROUPS_SCENARIOS_H
#define TESTS_SIM_GROUPS_SCENARIOS_H

#include "tests/sim/groups/steady.h"

struct scenario {
	const char *name;
	struct steady_options options; /* but for the seed */
	dur_ns p95;      /* the spread is at most that, 95 % of the time; 0: nothing is promised */
	dur_ns together; /* the clocks are within 1 ms of each other after that; 0: likewise */
	double rate_ppb; /* the group runs as its quartzes do on average, to within; 0: likewise */
	dur_ns move;     /* no clock leaves its way by more in a cycle; 0: likewise */
};

extern const struct scenario scenarios[];
extern const size_t n_scenarios;

/* The promise that a run of it broke, or null; a static string. */
const char *scenario_broken(const struct scenario *s, const struct steady_result *r);

#endif
