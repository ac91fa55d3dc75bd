/* SPDX-License-Identifier: BSD-3-Clause */
/* Groups that have references, and the promises for them. */
#ifndef TESTS_SIM_GROUPS_REFERENCE_SCENARIOS_H
#define TESTS_SIM_GROUPS_REFERENCE_SCENARIOS_H

#include "tests/sim/groups/steady.h"

struct reference_scenario {
	const char *name;
	struct steady_options options; /* but for the seed */
	dur_ns utc_end;         /* so far from UTC the clocks are in the end, at most; 0: nothing is
				   promised */
	dur_ns utc_max;         /* and all the time; likewise */
	uint64_t changes;       /* so often the group changes its state, at most */
	int least, most;        /* for so many in 1000 of the time it follows references */
	dur_ns move;            /* no clock leaves its way by more in a cycle; 0: it may */
	bool may_step, may_lie; /* clocks may be stepped; may be farther off than they claim */
};

extern const struct reference_scenario reference_scenarios[];
extern const size_t n_reference_scenarios;

/* The promise that a run of it broke, or null; a static string. */
const char *reference_scenario_broken(const struct reference_scenario *s,
				      const struct steady_result *r);

#endif
