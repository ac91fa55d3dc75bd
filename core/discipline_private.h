/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the parts of core/discipline: making a correction is separate from deciding on it. */
#ifndef CORE_DISCIPLINE_PRIVATE_H
#define CORE_DISCIPLINE_PRIVATE_H

#include "core/discipline.h"

/* The largest rate error of a quartz, unless measurements show a larger one. */
#define LIKELY_RATE_PPB 500000

/* x, but no farther from 0 than `most`. */
int64_t discipline_clamp(int64_t x, int64_t most);

/* |x|, cut at INT64_MAX. */
dur_ns discipline_magnitude(dur_ns x);

void discipline_refuse(struct discipline *d, enum policy_reason reason,
		       struct discipline_decision *out);

/* Whether a limit forbids a correction of that size, and which. */
bool discipline_is_refused(struct discipline *d, dur_ns left, enum policy_reason *why);

/* Step the clock, of which this is known. */
void discipline_step(struct discipline *d, const struct model_measurement *x, dur_ns correction,
		     struct discipline_decision *out);

/* Whether what is left is to be stepped, as the user wants it. */
bool discipline_wants_step(const struct discipline *d);

/* Correct the rate, and slew the remaining offset unless it was stepped; or refuse. */
void discipline_steer(struct discipline *d, struct discipline_decision *out);

#endif
