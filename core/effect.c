/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/effect.h"

#include <string.h>

#include "core/arith.h"

static void add(struct regress *r, const struct regress_sample *s)
{
	if (r->count == EFFECT_SAMPLES) {
		r->count--;
		memmove(r->samples, r->samples + 1, r->count * sizeof(r->samples[0]));
	}
	(void)regress_add(r, s); /* of two at one instant the first counts */
}

/* By how much the rates of any two of them contradict each other, ppb; 0 or less if they do not. */
static int64_t contradiction(const struct regress *r)
{
	int64_t low, high;

	return regress_limits(r, &low, &high) == 0 ? arith_sub(low, high) : 0;
}

bool effect_is_missing(struct effect *e, const struct regress_sample *measured, dur_ns added,
		       int64_t drift_ppb)
{
	struct regress_sample corrected = *measured;
	const dur_ns offset = measured->offset;
	const bool off = offset > measured->max_error || offset < -measured->max_error;

	corrected.offset = arith_add(corrected.offset, added);
	add(&e->measured, measured);
	add(&e->corrected, &corrected);
	if (contradiction(&e->measured) > 0) { /* something was seen: from here on */
		*e = (struct effect){ .measured = { .count = 0 } };
		add(&e->measured, measured);
		add(&e->corrected, &corrected);
	}
	return off && e->measured.count >= REGRESS_LEAST &&
	       contradiction(&e->corrected) > 2 * drift_ppb;
}
