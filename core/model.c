/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/model.h"

#include "core/arith.h"
#include "core/drift.h"

/* How far it is from there to the farther end. */
static int64_t farther(int64_t from, int64_t low, int64_t high)
{
	return arith_max(arith_max(arith_sub(high, from), arith_sub(from, low)), 0);
}

static struct filter_sample for_filter(const struct regress_sample *s)
{
	return (struct filter_sample){ s->at, s->offset, s->max_error };
}

void model_forget(struct model *m)
{
	m->filter = (struct filter){ .added = 0 };
	m->suspect = (struct filter){ .added = 0 };
	m->suspects = (struct regress){ .count = 0 };
	m->regress = (struct regress){ .count = 0 };
	m->estimate_chance = 0;
	m->rate_low = -m->limits.max_rate_ppb;
	m->rate_high = m->limits.max_rate_ppb;
}

void model_init(struct model *m, const struct model_limits *limits, int64_t frequency_ppb,
		struct mono now)
{
	*m = (struct model){
		.limits = *limits,
		.since = now,
		.untouched = now,
		.frequency_ppb = frequency_ppb,
		.before_ppb = frequency_ppb,
		.rate_ppb = frequency_ppb, /* until something better is known */
		.rate_chance_ppb = limits->likely_ppb,
	};
	model_forget(m);
}

void model_use_rate(struct model *m, int64_t rate_ppb)
{
	m->rate_ppb = arith_clamp(rate_ppb, m->limits.max_rate_ppb);
	m->rate_chance_ppb = m->limits.drift_ppb;
}

/* --- the course of time ----------------------------------------------------------------------- */

/*
 * The time since the last advance, by a clock that no frequency changes. So this time, and what is
 * added in it, do not depend on other corrections, and 100 ppm remain 100 ppm.
 */
static dur_ns untouched_since(const struct model *m, struct mono now)
{
	const dur_ns passed = mono_since(now, m->since);
	const int64_t ppb = m->frequency_ppb;

	if (!m->limits.mono_is_tuned || ppb <= -NS_PER_SEC / 2 || ppb >= NS_PER_SEC / 2) {
		return passed;
	}
	return arith_sub(passed, drift_over(passed, ppb * NS_PER_SEC / (NS_PER_SEC + ppb)));
}

static struct mono untouched_at(const struct model *m, struct mono now)
{
	return mono_add(m->untouched, untouched_since(m, now));
}

/* Everything that was added to the clock until `now`. */
static dur_ns applied_at(const struct model *m, struct mono now)
{
	return arith_add(m->applied, drift_over(untouched_since(m, now), m->frequency_ppb));
}

static dur_ns estimate_at(const struct model *m, struct mono now)
{
	return arith_add(m->estimate, drift_over(untouched_since(m, now), m->rate_ppb));
}

void model_advance(struct model *m, struct mono now)
{
	m->applied = applied_at(m, now);
	m->estimate = estimate_at(m, now);
	m->untouched = untouched_at(m, now);
	m->since = now;
}

void model_stepped(struct model *m)
{
	model_forget(m);
	m->applied = 0;
}

void model_tunes(struct model *m, int64_t frequency_ppb)
{
	m->before_ppb = m->frequency_ppb;
	m->frequency_ppb = frequency_ppb;
}

/* The uncertainty of the instant is an error of all earlier measurements. */
void model_tuned(struct model *m, struct mono from, struct mono to)
{
	const dur_ns half = mono_since(to, from) / 2 + 1;
	const dur_ns late = arith_add(mono_since(from, m->since), half);
	const int64_t change = arith_sub(m->frequency_ppb, m->before_ppb);
	const dur_ns error = drift_over(half, arith_abs(change));

	m->applied = arith_sub(m->applied, drift_over(late, change));
	for (size_t i = 0; i < FILTER_STAGES; i++) {
		struct filter_sample *s = &m->filter.stages[i];

		s->max_error = arith_add(s->max_error, error);
	}
	for (size_t i = 0; i < m->regress.count; i++) {
		struct regress_sample *s = &m->regress.samples[i];

		s->max_error = arith_add(s->max_error, error);
	}
}

/* --- measurements ----------------------------------------------------------------------------- */

static struct filter_motion motion_of(const struct model *m)
{
	return (struct filter_motion){
		.rate_ppb = m->rate_ppb,
		.error_ppb = arith_add(model_rate_error(m), m->limits.drift_ppb),
	};
}

/* The measurement, of the clock without all that was added to it. */
static struct regress_sample untouched_sample(const struct model *m,
					      const struct model_measurement *x)
{
	return (struct regress_sample){
		.at = m->untouched,
		.offset = arith_add(x->offset, m->applied),
		.max_error = x->max_error,
		.delay = x->delay,
	};
}

/* Whether the line was taken: it must know the rate better than it is known, or than it wanders. */
static bool follow_line(struct model *m)
{
	struct regress_line line;

	if (regress_fit(&m->regress, m->untouched, &line) ||
	    line.rate_error_ppb > arith_max(m->rate_chance_ppb, m->limits.drift_ppb)) {
		return false;
	}
	m->rate_ppb = line.rate_ppb;
	m->rate_chance_ppb = line.rate_error_ppb;
	m->estimate = line.offset;
	m->estimate_chance = line.offset_error;
	return true;
}

/* Prior knowledge counts unless it is disproved. */
static void limit_rate(struct model *m)
{
	int64_t most = m->limits.max_rate_ppb;
	int64_t low, high;

	if (regress_limits(&m->regress, &low, &high) == 0) {
		bool disproved = low > most || high < -most;
		m->rate_low = !disproved && low < -most ? -most : low;
		m->rate_high = !disproved && high > most ? most : high;
	}
	if (m->rate_low <= m->rate_high) {
		low = arith_sub(m->rate_low, m->limits.drift_ppb);
		high = arith_add(m->rate_high, m->limits.drift_ppb);
		m->rate_ppb = m->rate_ppb < low ? low : m->rate_ppb > high ? high : m->rate_ppb;
	}
}

static void remember(struct model *m, const struct regress_sample *r)
{
	const struct filter_sample s = for_filter(r);

	filter_add(&m->filter, &s);
	(void)regress_add(&m->regress, r); /* of two at one instant the first counts */
}

/* The estimate of this moment from all remembered measurements. */
static void estimate(struct model *m)
{
	struct filter_sample best;

	m->estimate_chance = 0;
	bool taken = follow_line(m);
	limit_rate(m);
	const struct filter_motion motion = motion_of(m);
	(void)filter_best(&m->filter, m->untouched, &motion, &best); /* it is not empty */
	dur_ns beside = taken ? arith_sub(m->estimate, best.offset) : 0;
	m->estimate = arith_add(best.offset, arith_clamp(beside, best.max_error));
}

void model_learn(struct model *m, const struct model_measurement *x)
{
	const struct regress_sample r = untouched_sample(m, x);

	remember(m, &r);
	estimate(m);
}

/* --- whether a measurement is believed -------------------------------------------------------- */

/* Within the likely rate: measurements that do not fit are examined. */
static struct filter_motion likely_motion_of(const struct model *m)
{
	const int64_t most = m->limits.likely_ppb;
	const bool unlikely = m->rate_low > most || m->rate_high < -most;
	const int64_t low = unlikely ? m->rate_low : arith_max(m->rate_low, -most);
	const int64_t high = unlikely ? m->rate_high : -arith_max(-m->rate_high, -most);

	return (struct filter_motion){
		.rate_ppb = m->rate_ppb,
		.error_ppb = arith_add(farther(m->rate_ppb, low, high), m->limits.drift_ppb),
	};
}

/* Whether it and the filter's measurements exclude each other. */
static bool contradicts(const struct filter_sample *s, const struct filter *f,
			const struct filter_motion *motion)
{
	struct filter_sample best;

	return filter_best(f, s->at, motion, &best) == 0 &&
	       arith_distance(s->offset, best.offset) > arith_add(s->max_error, best.max_error);
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
	       *low <= arith_add(*high, m->limits.drift_ppb);
}

enum model_verdict model_check(struct model *m, const struct model_measurement *x)
{
	const struct regress_sample r = untouched_sample(m, x);
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
	m->rate_ppb = arith_add(low, arith_sub(high, low) / 2);
	m->rate_chance_ppb = arith_max(arith_distance(high, low), m->limits.drift_ppb);
	if (low > m->limits.likely_ppb || high < -m->limits.likely_ppb) {
		m->limits.likely_ppb = m->limits.max_rate_ppb; /* nothing is unlikely any more */
	}
	for (size_t i = known.count - REGRESS_LEAST; i < known.count; i++) {
		remember(m, &known.samples[i]);
	}
	estimate(m);
}

/* --- estimates -------------------------------------------------------------------------------- */

int64_t model_rate_error(const struct model *m)
{
	return farther(m->rate_ppb, m->rate_low, m->rate_high);
}

dur_ns model_left(const struct model *m)
{
	return arith_sub(m->estimate, m->applied);
}

/* The largest error of an estimate, if the filter's measurements are true; 0 if it is empty. */
static dur_ns error_against(dur_ns estimate, const struct filter *f, struct mono now,
			    const struct filter_motion *motion)
{
	struct filter_sample s;

	if (filter_best(f, now, motion, &s)) {
		return 0;
	}
	return arith_add(arith_distance(estimate, s.offset), s.max_error);
}

struct model_error model_error_at(const struct model *m, struct mono now)
{
	const struct filter_motion motion = motion_of(m);
	const struct mono at = untouched_at(m, now);
	dur_ns estimate = estimate_at(m, now);

	if (m->filter.added == 0) {
		return (struct model_error){ .offset = 0, .max_error = INT64_MAX };
	}
	return (struct model_error){
		.offset = arith_sub(estimate, applied_at(m, now)),
		.max_error = arith_max(error_against(estimate, &m->filter, at, &motion),
				       error_against(estimate, &m->suspect, at, &motion)),
	};
}
