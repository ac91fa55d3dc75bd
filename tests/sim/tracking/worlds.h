/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The worlds that tracking is judged in, and the part of their time that each is judged by.
 */
#ifndef TESTS_SIM_TRACKING_WORLDS_H
#define TESTS_SIM_TRACKING_WORLDS_H

#include "tests/sim/tracking/world.h"

#define WORLDS_LONG (10 * 3600 * NS_PER_SEC) /* how long each lasts */

struct worlds_row {
	struct world_options options;
	const char *about;          /* for people */
	struct world_period judged; /* by the error in this time */
	const char *limit;          /* why nobody can be ahead, but by chance; null: one can */
};

extern const struct worlds_row worlds[];
extern const size_t worlds_count;

/* The row of that name; null if there is none. */
const struct worlds_row *worlds_find(const char *name);

#endif
