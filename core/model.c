/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/model.h"

#include <math.h>

#include "core/arith.h"
#include "core/drift.h"

/* So many measurements in a row that lie on one line make a rate that is believed. */
#define AGREEING 3

/* How far it is from there to the farther end. */
static int64_t farther(int64_t from, int64_t low, int64_t high)
{
	return arith_max(arith_max(arith_sub(high, from), arith_sub(from, low)), 0);
}

static struct filter_sample for_filter(const struct history_sample *s)
{
	return (struct filter_sample){ s->at, s->offset, s->max_error };
}

void model_forget(struct model *m)
{
	m->filter = (struct filter){ .added = 0 };
	m->suspect = (struct filter){ .added = 0 };
	m->suspects.count = 0;
	m->history.count = 0;
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
		.rate_chance_ppb = (double)limits->max_rate_ppb,
	};
	model_forget(m);
}

void model_use_rate(struct model *m, int64_t rate_ppb, int64_t chance_ppb)
{
	m->rate_ppb = arith_clamp(rate_ppb, m->limits.max_rate_ppb);
	m->rate_chance_ppb = (double)chance_ppb;
}

/* --- the course of time ----------------------------------------------------------------------- */

/*
 * The time since the last advance, by a clock whose frequency nobody changes. This time, and the
 * drift in it, then do not depend on corrections: 100 ppm remain 100 ppm.
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
	for (size_t i = 0; i < m->history.count; i++) {
		struct history_sample *s = &m->history.samples[i];

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
static struct history_sample untouched_sample(const struct model *m,
					      const struct model_measurement *x)
{
	return (struct history_sample){
		.at = m->untouched,
		.offset = arith_add(x->offset, m->applied),
		.max_error = x->max_error,
	};
}

/* The certain limits of the rate. Prior knowledge counts unless it is disproved. */
static void find_rate_limits(struct model *m)
{
	const int64_t most = m->limits.max_rate_ppb;
	int64_t low, high;

	if (history_rates(&m->history, &low, &high) == 0) {
		bool disproved = low > most || high < -most;
		m->rate_low = !disproved && low < -most ? -most : low;
		m->rate_high = !disproved && high > most ? most : high;
	}
}

/*
 * The filters' estimate. If their rate is excluded, as one from another machine's drift file can
 * be, they begin anew with the certain limits.
 */
static struct kalman_estimate likely_estimate(struct model *m)
{
	const struct kalman_estimate e = kalman_at(&m->kalman, m->untouched);
	const double low = (double)arith_sub(m->rate_low, m->limits.drift_ppb);
	const double high = (double)arith_add(m->rate_high, m->limits.drift_ppb);
	const struct history_sample *latest = &m->history.samples[m->history.count - 1];
	struct kalman_estimate anew = {
		.value = latest->offset,
		.value_error = latest->max_error,
		.rate_ppb = low / 2 + high / 2,
		.rate_error_ppb = high / 2 - low / 2,
	};

	if (m->rate_low > m->rate_high || (e.rate_ppb >= low && e.rate_ppb <= high)) {
		return e;
	}
	kalman_begin(&m->kalman, latest->at, &anew);
	return kalman_at(&m->kalman, m->untouched);
}

/* Take a measurement in. Of two at one instant the first counts. */
static void remember(struct model *m, const struct history_sample *h, dur_ns chance)
{
	const struct filter_sample s = for_filter(h);

	filter_add(&m->filter, &s);
	if (m->history.count > 0 && chance != INT64_MAX) {
		(void)kalman_add(&m->kalman, h->at, h->offset, chance);
	} else if (m->history.count == 0) {
		const struct kalman_estimate known = {
			.value = h->offset,
			.value_error = arith_min(chance, h->max_error),
			.rate_ppb = (double)m->rate_ppb,
			.rate_error_ppb = m->rate_chance_ppb,
		};
		kalman_begin(&m->kalman, h->at, &known);
	}
	(void)history_add(&m->history, h);
}

/* The estimate of this moment from all measurements remembered. */
static void estimate(struct model *m)
{
	struct kalman_estimate likely;
	struct filter_sample best;

	find_rate_limits(m);
	likely = likely_estimate(m);
	m->rate_ppb = llround(likely.rate_ppb);
	m->rate_chance_ppb = likely.rate_error_ppb;
	const struct filter_motion motion = motion_of(m);
	(void)filter_best(&m->filter, m->untouched, &motion, &best); /* it is not empty */
	m->estimate = arith_add(best.offset,
				arith_clamp(arith_sub(likely.value, best.offset), best.max_error));
}

void model_learn(struct model *m, const struct model_measurement *x)
{
	const struct history_sample h = untouched_sample(m, x);

	remember(m, &h, x->chance);
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

static void suspect(struct model *m, const struct history_sample *h)
{
	const struct filter_sample s = for_filter(h);

	filter_add(&m->suspect, &s);
	if (m->suspects.count == 0 && m->history.count > 0) {
		m->suspects.samples[m->suspects.count++] = m->history.samples[m->history.count - 1];
	}
	(void)history_add(&m->suspects, h); /* of two at one instant the first counts */
}

/* Whether the last suspects lie on one line; their rates then, apart from wander. */
static bool agree_on_rate(const struct model *m, int64_t *low, int64_t *high)
{
	struct history last = m->suspects;

	history_shorten(&last, AGREEING);
	return last.count == AGREEING && history_rates(&last, low, high) == 0 &&
	       *low <= arith_add(*high, m->limits.drift_ppb);
}

enum model_verdict model_check(struct model *m, const struct model_measurement *x)
{
	const struct history_sample h = untouched_sample(m, x);
	const struct filter_sample s = for_filter(&h);
	const struct filter_motion likely = likely_motion_of(m);
	const bool as_before = m->suspect.added > 0 && !contradicts(&s, &m->suspect, &likely);
	int64_t low, high;

	m->suspect = (struct filter){ .added = 0 };
	if (!contradicts(&s, &m->filter, &likely)) {
		m->suspects.count = 0;
		return MODEL_AGREES;
	}
	suspect(m, &h);
	if (as_before) {
		return MODEL_CONFIRMS;
	}
	return agree_on_rate(m, &low, &high) ? MODEL_RATE : MODEL_CONTRADICTS;
}

void model_believe_rate(struct model *m)
{
	struct history known = m->suspects;
	int64_t low, high;

	if (!agree_on_rate(m, &low, &high)) {
		return;
	}
	history_shorten(&known, AGREEING);
	model_forget(m);
	m->rate_ppb = arith_add(low, arith_sub(high, low) / 2);
	m->rate_chance_ppb = (double)arith_max(arith_distance(high, low), m->limits.drift_ppb);
	if (low > m->limits.likely_ppb || high < -m->limits.likely_ppb) {
		m->limits.likely_ppb = m->limits.max_rate_ppb; /* nothing is unlikely any more */
	}
	for (size_t i = 0; i < known.count; i++) {
		remember(m, &known.samples[i], known.samples[i].max_error / 2);
	}
	estimate(m);
}

/* --- estimates -------------------------------------------------------------------------------- */

bool model_knows_rate(const struct model *m)
{
	return llround(m->rate_chance_ppb) < m->limits.max_rate_ppb;
}

int64_t model_rate_error(const struct model *m)
{
	return farther(m->rate_ppb, m->rate_low, m->rate_high);
}

int64_t model_drift(const struct model *m)
{
	const int64_t known = arith_add(model_rate_error(m), m->limits.drift_ppb);

	const int64_t all = arith_add(arith_distance(m->rate_ppb, m->frequency_ppb), known);

	return arith_add(all, all / 8); /* a second of this clock may be a long one */
}

dur_ns model_chance_after(const struct model *m, dur_ns d)
{
	return m->history.count > 0 ? kalman_at(&m->kalman, mono_add(m->untouched, d)).value_error
				    : INT64_MAX;
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
