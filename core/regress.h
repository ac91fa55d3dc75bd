/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Regression: the offset of a clock and the rate at which it changes, from a history of
 * measurements.
 *
 * The line offset = a + rate * time is fitted by weighted least squares. A measurement may be wrong
 * by half of its excess delay over the least delayed one, so its weight is 1 / (1 + excess / mean
 * excess)^2. A line is correct only as long as the rate stays the same: while the residuals come in
 * fewer runs of one sign than chance explains (Wald & Wolfowitz 1940), the oldest measurement is
 * forgotten. (So does chrony, with weights and a test of its own.)
 *
 * The errors of the line are not maxima but confidence limits, from the scatter of the
 * measurements; the truth is outside once in 1000 times. An error that all measurements share, as
 * an asymmetric path causes it, does not scatter and is not covered. The maximum and minimum of the
 * rate follow from the maximum errors of the measurements instead.
 */
#ifndef CORE_REGRESS_H
#define CORE_REGRESS_H

#include <stddef.h>

#include "core/ts.h"

#define REGRESS_SAMPLES 64 /* that are remembered */
#define REGRESS_LEAST   3  /* that a line takes: two points leave nothing to judge it by */

struct regress_sample {
	struct mono at;
	dur_ns offset;    /* |offset| < 2^62 */
	dur_ns max_error; /* |true offset - offset| <= max_error; >= 0 */
	dur_ns delay;     /* round trip; >= 0 */
};

/* All zeros is an empty one. */
struct regress {
	struct regress_sample samples[REGRESS_SAMPLES]; /* the oldest first */
	size_t count;
};

struct regress_line {
	dur_ns offset;          /* at the instant asked for */
	dur_ns offset_error;    /* confidence limit of it */
	int64_t rate_ppb;       /* by how much the offset grows */
	int64_t rate_error_ppb; /* confidence limit of that */
	size_t used;            /* samples that the line goes through */
};

/* Add a measurement, in place of the oldest when full. 0, or -EINVAL if it is not the latest. */
int regress_add(struct regress *r, const struct regress_sample *s);

/*
 * Fit the line and tell where it is at `now`; forget the samples that no longer are of this line.
 * Results that do not fit are cut at +-INT64_MAX. 0, or -ENODATA with `out` as it was: fewer than
 * REGRESS_LEAST samples.
 */
int regress_fit(struct regress *r, struct mono now, struct regress_line *out);

/*
 * Between which rates the true one lies, ppb: for any two samples it is on average between those of
 * the flattest and the steepest line through their intervals. If it is not constant, *low may be
 * above *high: then it has been both at least *low and at most *high. Cut at +-INT64_MAX. 0, or
 * -ENODATA for fewer than two samples.
 */
int regress_limits(const struct regress *r, int64_t *low, int64_t *high);

#endif
