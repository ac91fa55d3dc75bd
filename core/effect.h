/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Effect: whether corrections of a clock change its measured offset. They do not if the server's
 * clock follows the corrected one, as a clock file follows the system clock, or if another program
 * undoes each correction. Corrections would then never end. Pure.
 *
 * The offsets of a clock with a constant rate lie on a line if all corrections are added to them.
 * If corrections have no effect, the measured offsets themselves lie on a line.
 */
#ifndef CORE_EFFECT_H
#define CORE_EFFECT_H

#include "core/history.h"

#define EFFECT_SAMPLES 16 /* that are looked at */
#define EFFECT_LEAST   3  /* fewer prove nothing */

/* All zeros is an empty one. */
struct effect {
	struct history measured;
	struct history corrected; /* the same, plus all corrections until then */
};

/*
 * Add a measurement, later than the last. `added` is the sum of all corrections before it. True if
 * they had no effect: the offset is larger than its bound, and the measured offsets lie on a line
 * whose rate varies by at most drift_ppb, but the corrected offsets do not.
 */
bool effect_is_missing(struct effect *e, const struct history_sample *measured, dur_ns added,
		       int64_t drift_ppb);

#endif
