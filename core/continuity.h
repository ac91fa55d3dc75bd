/*
 * Continuity: whether a clock ran on between two readings, or was stepped.
 *
 * The monotonic clock is read before and after each reading of the clock, so however long the
 * process was held up in between, it is known between which durations the true one lies. What the
 * clock gained meanwhile and its rate does not explain is a step.
 */
#ifndef CORE_CONTINUITY_H
#define CORE_CONTINUITY_H

#include "core/ts.h"

/*
 * By how much a clock may leave its rate without a step: a slew is 500 ppm, and one that ends may
 * be followed by one the other way.
 */
#define CONTINUITY_SLEW_PPB 1000000

/* What is no more than that is rounding: it is the least correction that is made. */
#define CONTINUITY_RESOLUTION NS_PER_US

/* One reading of a clock. */
struct reading {
	struct mono before, after; /* the monotonic clock, just before and just after */
	ts_ns shown;
	int64_t rate_ppb; /* by how much it then runs faster than the monotonic clock, slews aside
			   */
};

/*
 * By how much the clock was stepped between two readings, at least: positive when it was set
 * forward, 0 when it may have run on. `to` is the later one. Cut at +-INT64_MAX.
 */
dur_ns continuity_step(const struct reading *from, const struct reading *to);

#endif
