/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Continuity: whether a clock was stepped between two readings.
 *
 * The monotonic clock is read before and after each reading of the clock. This bounds the true
 * duration, however long the process was delayed. A gain that neither the clock's rate nor slews
 * (DRIFT_SLEWS_PPB) explain is a step.
 */
#ifndef CORE_CONTINUITY_H
#define CORE_CONTINUITY_H

#include "core/ts.h"

/* Smaller steps are taken for rounding: the smallest correction that is made. */
#define CONTINUITY_RESOLUTION NS_PER_US

/* One reading of a clock. */
struct reading {
	struct mono before, after; /* the monotonic clock, just before and just after */
	ts_ns shown;
	int64_t rate_ppb; /* by how much it then runs faster than the monotonic clock, slews aside
			   */
};

/*
 * The smallest possible step of the clock between two readings: positive for a step forward, 0 if
 * there may have been none. `to` is the later reading. Clamped to +-INT64_MAX.
 */
dur_ns continuity_step(const struct reading *from, const struct reading *to);

#endif
