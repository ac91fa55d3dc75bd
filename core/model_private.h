/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Shared by the parts of core/model: the estimates from measurements, and whether they are
 * believed.
 */
#ifndef CORE_MODEL_PRIVATE_H
#define CORE_MODEL_PRIVATE_H

#include "core/drift.h"
#include "core/model.h"

static inline int64_t clamp(int64_t x, int64_t most)
{
	if (x > most) {
		return most;
	}
	return x < -most ? -most : x;
}

static inline dur_ns difference(dur_ns a, dur_ns b)
{
	return drift_add(a, -clamp(b, INT64_MAX));
}

static inline dur_ns distance(dur_ns a, dur_ns b)
{
	dur_ns d = difference(a, b);

	return d < 0 ? -d : d;
}

static inline dur_ns greater(dur_ns a, dur_ns b)
{
	return a > b ? a : b;
}

static inline int64_t farther(int64_t from, int64_t low, int64_t high)
{
	return greater(greater(difference(high, from), difference(from, low)), 0);
}

static inline struct filter_sample for_filter(const struct regress_sample *s)
{
	return (struct filter_sample){ s->at, s->offset, s->max_error };
}

/* The measurement, of the clock without all that was added to it. */
struct regress_sample model_untouched_sample(const struct model *m,
					     const struct model_measurement *x);

void model_remember(struct model *m, const struct regress_sample *r);

/* The estimate of this moment from all remembered measurements. */
void model_estimate(struct model *m);

#endif
