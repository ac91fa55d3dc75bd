/*
 * Effect: whether what is done to a clock changes what is measured of it. It does not if the
 * server's clock follows the one that is corrected, as a clock file follows the system clock, or if
 * somebody else undoes each correction. Then to correct more would never end. Pure.
 *
 * Of a clock that runs evenly the measured offsets lie on a line once all that was added to it is
 * added to them. If corrections have no effect, they lie on one without that.
 */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include "core/regress.h"

#define EFFECT_SAMPLES 16 /* that are looked at */

/* All zeros is an empty one. */
struct effect {
	struct regress measured;
	struct regress corrected; /* the same, and what was added to the clock until then */
};

/*
 * Take in a measurement, later than the one before, before which `added` had been added to the
 * clock in all. True if that had no effect: the clock is off by more than its bound, and measured
 * offsets are on a line with a rate that wanders by drift_ppb at most, but not corrected ones.
 */
bool effect_is_missing(struct effect *e, const struct regress_sample *measured, dur_ns added,
		       int64_t drift_ppb);

#endif
