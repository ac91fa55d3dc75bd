/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/common_rate.h"

#include "core/arith.h"
#include "core/quantile.h"

/* Each cycle reduces the mean by 1 / this. */
#define SLOWNESS 256

/* At most so much at once: 0.1 ppm. */
#define MOST_AT_ONCE 100000

/* One that is farther from the median counts as if it were so far: 100 ppm. */
#define FARTHEST_PPB 100000

/*
 * The mean rate of quartzes is off by at most 100 ppm. A larger one was learned while the clocks
 * were being slewed to each other. Some members cannot follow it, so the excess is reduced faster:
 * by 1 / HASTE in each cycle.
 */
#define QUARTZES_PPB 100000
#define HASTE        8

#define PPT_PER_PPB 1000

int64_t common_rate_next(int64_t rate, int64_t *ppb, size_t n)
{
	int64_t sum = 0, median, mean, beyond, step;

	if (n == 0) {
		return rate;
	}
	quantile_sort(ppb, n);
	median = quantile_of(ppb, n, 50);
	for (size_t i = 0; i < n; i++) {
		sum += arith_clamp(arith_sub(ppb[i], median), FARTHEST_PPB) * PPT_PER_PPB;
	}
	mean = sum / (int64_t)n + median * PPT_PER_PPB;
	beyond = mean - arith_clamp(mean, QUARTZES_PPB * PPT_PER_PPB);
	step = arith_clamp(mean / SLOWNESS, MOST_AT_ONCE) + beyond / HASTE;
	return arith_clamp(rate - step, COMMON_RATE_MAX);
}
