/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * History: the last measurements of a clock's offset with their bounds, and what these say for
 * certain about the rate at which it changes.
 */
#ifndef CORE_HISTORY_H
#define CORE_HISTORY_H

#include <stddef.h>

#include "core/ts.h"

#define HISTORY_SAMPLES 64 /* that are remembered */

struct history_sample {
	struct mono at;
	dur_ns offset;    /* |offset| < 2^62 */
	dur_ns max_error; /* |true offset - offset| <= max_error; >= 0 */
};

/* All zeros is an empty one. */
struct history {
	struct history_sample samples[HISTORY_SAMPLES]; /* the oldest first */
	size_t count;
};

/* Add a measurement, in place of the oldest when full. 0, or -EINVAL if it is not the latest. */
int history_add(struct history *h, const struct history_sample *s);

/* Forget the oldest, so that no more than `n` are left. */
void history_shorten(struct history *h, size_t n);

/*
 * Between which rates the true one lies, ppb: for any two samples it is on average between those of
 * the flattest and the steepest line through their intervals. If it is not constant, *low may be
 * above *high: then it has been both at least *low and at most *high. Cut at +-INT64_MAX. 0, or
 * -ENODATA for fewer than two samples.
 */
int history_rates(const struct history *h, int64_t *low, int64_t *high);

#endif
