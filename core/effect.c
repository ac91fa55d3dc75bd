/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/effect.h"

#include "core/arith.h"

static void add(struct history *h, const struct history_sample *s)
{
	(void)history_add(h, s); /* of two at one instant the first counts */
	history_shorten(h, EFFECT_SAMPLES);
}

/* By how much the rates of any two of them contradict each other, ppb; 0 or less if they do not. */
static int64_t contradiction(const struct history *h)
{
	int64_t low, high;

	return history_rates(h, &low, &high) == 0 ? arith_sub(low, high) : 0;
}

bool effect_is_missing(struct effect *e, const struct history_sample *measured, dur_ns added,
		       int64_t drift_ppb)
{
	struct history_sample corrected = *measured;
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
	return off && e->measured.count >= EFFECT_LEAST &&
	       contradiction(&e->corrected) > 2 * drift_ppb;
}
