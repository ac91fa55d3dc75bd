/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clock filter: the best of the last few measurements of one offset.
 *
 * A measurement that was delayed less is better, since |error| <= delay/2, but the clocks drift
 * apart while it grows old. So the best is the one whose bound, grown with its age, is the least
 * (RFC 5905, section 10, sorts by delay and adds the same growth afterwards).
 */
#ifndef CORE_FILTER_H
#define CORE_FILTER_H

#include <stddef.h>

#include "core/ts.h"

#define FILTER_STAGES 8 /* RFC 5905, NSTAGE */

struct filter_sample {
	struct mono at;
	dur_ns offset;    /* |offset| < 2^62 */
	dur_ns max_error; /* >= 0 */
};

/* All zeros is an empty one. */
struct filter {
	struct filter_sample stages[FILTER_STAGES];
	size_t added; /* ever; the last FILTER_STAGES of them are kept */
};

/* The motion of the offset without corrections. */
struct filter_motion {
	int64_t rate_ppb;  /* by how much it grows */
	int64_t error_ppb; /* how far the rate may be from that, at any time; >= 0 */
};

/* Add a measurement; the oldest is forgotten. */
void filter_add(struct filter *f, const struct filter_sample *s);

/*
 * The best measurement, moved to `now`: |true offset at now - offset| <= max_error as long as the
 * bounds of the measurement and of the motion are sound. Of two equal ones the later is taken.
 * Results are clamped to +-INT64_MAX. 0, or -ENODATA with `out` unchanged: nothing was added.
 */
int filter_best(const struct filter *f, struct mono now, const struct filter_motion *motion,
		struct filter_sample *out);

#endif
