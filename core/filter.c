/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/filter.h"

#include <errno.h>

#include "core/arith.h"
#include "core/drift.h"

void filter_add(struct filter *f, const struct filter_sample *s)
{
	f->stages[f->added % FILTER_STAGES] = *s;
	f->added++;
}

/* The sample moved to `now`; the offset is rounded, which counts as an error of its own. */
static struct filter_sample aged(const struct filter_sample *s, struct mono now,
				 const struct filter_motion *motion)
{
	dur_ns age = mono_since(now, s->at);
	dur_ns moved = drift_over(age, motion->rate_ppb);
	dur_ns growth = drift_over(arith_abs(age), motion->error_ppb);

	return (struct filter_sample){
		.at = now,
		.offset = arith_add(s->offset, moved),
		.max_error = arith_add(arith_add(s->max_error, growth), moved != 0),
	};
}

int filter_best(const struct filter *f, struct mono now, const struct filter_motion *motion,
		struct filter_sample *out)
{
	size_t kept = f->added < FILTER_STAGES ? f->added : FILTER_STAGES;

	if (kept == 0) {
		return -ENODATA;
	}
	for (size_t i = 0; i < kept; i++) { /* from the latest to the oldest */
		const struct filter_sample *s = &f->stages[(f->added - 1 - i) % FILTER_STAGES];
		struct filter_sample a = aged(s, now, motion);
		if (i == 0 || a.max_error < out->max_error) {
			*out = a;
		}
	}
	return 0;
}
