#include "core/model.h"

#include "core/drift.h"

static int64_t clamp(int64_t x, int64_t most)
{
	if (x > most) {
		return most;
	}
	return x < -most ? -most : x;
}

static dur_ns difference(dur_ns a, dur_ns b)
{
	return drift_add(a, -clamp(b, INT64_MAX));
}

static dur_ns distance(dur_ns a, dur_ns b)
{
	dur_ns d = difference(a, b);

	return d < 0 ? -d : d;
}

static dur_ns greater(dur_ns a, dur_ns b)
{
	return a > b ? a : b;
}

void model_forget(struct model *m)
{
	m->filter = (struct filter){ .added = 0 };
	m->suspect = (struct filter){ .added = 0 };
	m->regress = (struct regress){ .count = 0 };
	m->estimate_chance = 0;
	m->rate_low = -m->max_rate_ppb;
	m->rate_high = m->max_rate_ppb;
}

void model_init(struct model *m, int64_t drift_ppb, int64_t max_rate_ppb, int64_t frequency_ppb,
		struct mono now)
{
	*m = (struct model){
		.drift_ppb = drift_ppb,
		.max_rate_ppb = max_rate_ppb,
		.since = now,
		.frequency_ppb = frequency_ppb,
		.rate_ppb = frequency_ppb, /* until something better is known */
		.rate_chance_ppb = max_rate_ppb,
	};
	model_forget(m);
}

void model_use_rate(struct model *m, int64_t rate_ppb)
{
	m->rate_ppb = clamp(rate_ppb, m->max_rate_ppb);
	m->rate_chance_ppb = m->drift_ppb;
}

/* --- the course of time ----------------------------------------------------------------------- */

/* Everything that was added to the clock until `now`. */
static dur_ns applied_at(const struct model *m, struct mono now, dur_ns slew_left)
{
	dur_ns by_frequency = drift_over(mono_since(now, m->since), m->frequency_ppb);

	return drift_add(drift_add(m->applied, by_frequency), difference(m->slew, slew_left));
}

static dur_ns estimate_at(const struct model *m, struct mono now)
{
	return drift_add(m->estimate, drift_over(mono_since(now, m->since), m->rate_ppb));
}

void model_advance(struct model *m, struct mono now, dur_ns slew_left)
{
	m->applied = applied_at(m, now, slew_left);
	m->estimate = estimate_at(m, now);
	m->slew = slew_left;
	m->since = now;
}

void model_stepped(struct model *m)
{
	model_forget(m);
	m->applied = 0;
	m->slew = 0;
}

void model_slews(struct model *m, dur_ns amount)
{
	m->slew = amount;
}

void model_tunes(struct model *m, int64_t frequency_ppb)
{
	m->frequency_ppb = frequency_ppb;
}

/* --- measurements ----------------------------------------------------------------------------- */

static struct filter_motion motion_of(const struct model *m)
{
	return (struct filter_motion){
		.rate_ppb = m->rate_ppb,
		.error_ppb = drift_add(model_rate_error(m), m->drift_ppb),
	};
}

/* The measurement, of the clock without all that was added to it. */
static struct filter_sample untouched(const struct model *m, const struct model_measurement *x)
{
	return (struct filter_sample){
		.at = m->since,
		.offset = drift_add(x->offset, m->applied),
		.max_error = x->max_error,
	};
}

/* Whether it and what the filter knows cannot both be true. */
static bool contradicts(const struct filter_sample *s, const struct filter *f,
			const struct filter_motion *motion)
{
	struct filter_sample best;

	return filter_best(f, s->at, motion, &best) == 0 &&
	       distance(s->offset, best.offset) > drift_add(s->max_error, best.max_error);
}

enum model_verdict model_check(struct model *m, const struct model_measurement *x)
{
	const struct filter_sample s = untouched(m, x);
	const struct filter_motion motion = motion_of(m);
	bool was_suspect = m->suspect.added > 0;
	bool as_before = was_suspect && !contradicts(&s, &m->suspect, &motion);

	m->suspect = (struct filter){ .added = 0 };
	if (!contradicts(&s, &m->filter, &motion)) {
		return MODEL_AGREES;
	}
	filter_add(&m->suspect, &s);
	return as_before ? MODEL_CONFIRMS : MODEL_CONTRADICTS;
}

/* Whether the line was taken: it must know the rate better than it is known, or than it wanders. */
static bool follow_line(struct model *m)
{
	struct regress_line line;

	if (regress_fit(&m->regress, m->since, &line) ||
	    line.rate_error_ppb > greater(m->rate_chance_ppb, m->drift_ppb)) {
		return false;
	}
	m->rate_ppb = line.rate_ppb;
	m->rate_chance_ppb = line.rate_error_ppb;
	m->estimate = line.offset;
	m->estimate_chance = line.offset_error;
	return true;
}

/* What is known beforehand counts unless it is disproved. */
static void limit_rate(struct model *m)
{
	int64_t most = m->max_rate_ppb;
	int64_t low, high;

	if (regress_limits(&m->regress, &low, &high) == 0) {
		bool disproved = low > most || high < -most;
		m->rate_low = !disproved && low < -most ? -most : low;
		m->rate_high = !disproved && high > most ? most : high;
	}
}

void model_learn(struct model *m, const struct model_measurement *x)
{
	const struct filter_sample s = untouched(m, x);
	const struct regress_sample r = { s.at, s.offset, s.max_error, x->delay };
	struct filter_sample best;

	filter_add(&m->filter, &s);
	(void)regress_add(&m->regress, &r); /* of two at one instant the first counts */
	m->estimate_chance = 0;
	bool taken = follow_line(m);
	limit_rate(m);
	const struct filter_motion motion = motion_of(m);
	(void)filter_best(&m->filter, m->since, &motion, &best); /* it is not empty */
	dur_ns beside = taken ? difference(m->estimate, best.offset) : 0;
	m->estimate = drift_add(best.offset, clamp(beside, best.max_error));
}

/* --- what is known ---------------------------------------------------------------------------- */

int64_t model_rate_error(const struct model *m)
{
	int64_t error = greater(difference(m->rate_high, m->rate_ppb),
				difference(m->rate_ppb, m->rate_low));

	return greater(error, 0);
}

dur_ns model_left(const struct model *m)
{
	return difference(m->estimate, m->applied);
}

/* The greatest error of an estimate, if what the filter knows is true; 0 if it is empty. */
static dur_ns error_against(dur_ns estimate, const struct filter *f, struct mono now,
			    const struct filter_motion *motion)
{
	struct filter_sample s;

	if (filter_best(f, now, motion, &s)) {
		return 0;
	}
	return drift_add(distance(estimate, s.offset), s.max_error);
}

struct model_error model_error_at(const struct model *m, struct mono now, dur_ns slew_left)
{
	const struct filter_motion motion = motion_of(m);
	dur_ns estimate = estimate_at(m, now);

	if (m->filter.added == 0) {
		return (struct model_error){ .offset = 0, .max_error = INT64_MAX };
	}
	return (struct model_error){
		.offset = difference(estimate, applied_at(m, now, slew_left)),
		.max_error = greater(error_against(estimate, &m->filter, now, &motion),
				     error_against(estimate, &m->suspect, now, &motion)),
	};
}
