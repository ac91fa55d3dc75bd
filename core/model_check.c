/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/model_private.h"

/* Within the likely rate: measurements that do not fit are examined. */
static struct filter_motion likely_motion_of(const struct model *m)
{
	const int64_t most = m->limits.likely_ppb;
	const bool unlikely = m->rate_low > most || m->rate_high < -most;
	const int64_t low = unlikely ? m->rate_low : greater(m->rate_low, -most);
	const int64_t high = unlikely ? m->rate_high : -greater(-m->rate_high, -most);

	return (struct filter_motion){
		.rate_ppb = m->rate_ppb,
		.error_ppb = drift_add(farther(m->rate_ppb, low, high), m->limits.drift_ppb),
	};
}

/* Whether it and the filter's measurements exclude each other. */
static bool contradicts(const struct filter_sample *s, const struct filter *f,
			const struct filter_motion *motion)
{
	struct filter_sample best;

	return filter_best(f, s->at, motion, &best) == 0 &&
	       distance(s->offset, best.offset) > drift_add(s->max_error, best.max_error);
}

static void suspect(struct model *m, const struct regress_sample *r)
{
	const struct filter_sample s = for_filter(r);

	filter_add(&m->suspect, &s);
	if (m->suspects.count == 0 && m->regress.count > 0) {
		m->suspects.samples[m->suspects.count++] = m->regress.samples[m->regress.count - 1];
	}
	(void)regress_add(&m->suspects, r); /* of two at one instant the first counts */
}

/* Whether the last suspects lie on one line; their rates then, apart from wander. */
static bool agree_on_rate(const struct model *m, int64_t *low, int64_t *high)
{
	struct regress last = { .count = REGRESS_LEAST };

	if (m->suspects.count < REGRESS_LEAST) {
		return false;
	}
	for (size_t i = 0; i < REGRESS_LEAST; i++) {
		last.samples[i] = m->suspects.samples[m->suspects.count - REGRESS_LEAST + i];
	}
	return regress_limits(&last, low, high) == 0 &&
	       *low <= drift_add(*high, m->limits.drift_ppb);
}

enum model_verdict model_check(struct model *m, const struct model_measurement *x)
{
	const struct regress_sample r = model_untouched_sample(m, x);
	const struct filter_sample s = for_filter(&r);
	const struct filter_motion likely = likely_motion_of(m);
	const bool as_before = m->suspect.added > 0 && !contradicts(&s, &m->suspect, &likely);
	int64_t low, high;

	m->suspect = (struct filter){ .added = 0 };
	if (!contradicts(&s, &m->filter, &likely)) {
		m->suspects = (struct regress){ .count = 0 };
		return MODEL_AGREES;
	}
	suspect(m, &r);
	if (as_before) {
		return MODEL_CONFIRMS;
	}
	return agree_on_rate(m, &low, &high) ? MODEL_RATE : MODEL_CONTRADICTS;
}

void model_believe_rate(struct model *m)
{
	const struct regress known = m->suspects;
	int64_t low, high;

	if (!agree_on_rate(m, &low, &high)) {
		return;
	}
	model_forget(m);
	m->rate_ppb = drift_add(low, difference(high, low) / 2);
	m->rate_chance_ppb = greater(distance(high, low), m->limits.drift_ppb);
	if (low > m->limits.likely_ppb || high < -m->limits.likely_ppb) {
		m->limits.likely_ppb = m->limits.max_rate_ppb; /* nothing is unlikely any more */
	}
	for (size_t i = known.count - REGRESS_LEAST; i < known.count; i++) {
		model_remember(m, &known.samples[i]);
	}
	model_estimate(m);
}
