/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How numbers spread: mean, standard deviation, percentiles, and how sure the mean and the median
 * are. Pure.
 */
#ifndef CORE_SPREAD_H
#define CORE_SPREAD_H

#include <stddef.h>

#include "core/ts.h"

struct spread {
	size_t n;
	dur_ns mean, deviation; /* deviation: of a sample (n - 1), 0 if n is 1; both rounded */
	dur_ns least, p5, p50, p95, most; /* the nearest rank, see core/quantile.h */
	/*
	 * The interval of 95 % confidence of the mean is mean +/- mean_error, by Student's
	 * distribution; INT64_MAX of fewer than 5 numbers. That of the median is [p50_low,
	 * p50_high], by ranks, whatever the distribution.
	 */
	dur_ns mean_error;
	dur_ns p50_low, p50_high;
};

/* Sum up `n` > 0 numbers of |value| < 2^62, which are sorted by that. */
void spread_make(struct spread *out, int64_t *values, size_t n);

#endif
