/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/spread.h"

#include <math.h>

#include "core/quantile.h"

/* Fewer numbers make no interval of confidence that means anything. */
#define SURE_FROM 5

/* Beyond it a normal variable lies in 5 % of all cases, both sides together. */
#define NORMAL_95 1.959964

/* The same of Student's t, by the expansion of Cornish and Fisher; within 0.2 % from 4 on. */
static double student_95(double freedom)
{
	return NORMAL_95 + (2.3722 + (2.8224 + 2.5557 / freedom) / freedom) / freedom;
}

/*
 * Mean and sum of squared distances from it (Welford 1962), relative to the first value, so that a
 * large common part costs no digits.
 */
static void moments(const int64_t *values, size_t n, double *mean, double *squares)
{
	*mean = 0;
	*squares = 0;
	for (size_t i = 0; i < n; i++) {
		const double value = (double)(values[i] - values[0]);
		const double before = value - *mean;

		*mean += before / (double)(i + 1);
		*squares += before * (value - *mean);
	}
}

static dur_ns rounded(double d)
{
	return (dur_ns)floor(d + 0.5);
}

/* The median's interval: the ranks that a binomial variable of n and 1/2 stays between. */
static void find_median(struct spread *out, const int64_t *sorted, size_t n)
{
	const double half = NORMAL_95 * sqrt((double)n) / 2, middle = (double)n / 2;
	const double low = floor(middle - half), high = ceil(middle + half);

	out->p50_low = sorted[low < 0 ? 0 : (size_t)low];
	out->p50_high = sorted[high > (double)(n - 1) ? n - 1 : (size_t)high];
}

void spread_make(struct spread *out, int64_t *values, size_t n)
{
	double mean, squares, deviation;

	quantile_sort(values, n);
	moments(values, n, &mean, &squares);
	deviation = n > 1 ? sqrt(squares / (double)(n - 1)) : 0;
	*out = (struct spread){
		.n = n,
		.mean = values[0] + rounded(mean),
		.deviation = rounded(deviation),
		.least = values[0],
		.p5 = quantile_of(values, n, 5),
		.p50 = quantile_of(values, n, 50),
		.p95 = quantile_of(values, n, 95),
		.most = values[n - 1],
		.mean_error = INT64_MAX,
	};
	if (n >= SURE_FROM) {
		out->mean_error =
			(dur_ns)ceil(student_95((double)(n - 1)) * deviation / sqrt((double)n));
	}
	find_median(out, values, n);
}
