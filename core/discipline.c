#include "core/discipline.h"

#include "core/drift.h"

/* Polls in a row that find nothing to correct, before they become rarer. */
#define SETTLED 12

/* A rate is saved this often at most. */
#define SAVE_EVERY (3600 * NS_PER_SEC)

const struct discipline_limits discipline_default_limits = {
	.first = {
		.max_change = 0,
		.step_above = 128 * NS_PER_MS,
		.resolution = NS_PER_US,
		.slew_ppb = 500000,
		.force = POLICY_AUTO,
	},
	.panic = 1000 * NS_PER_SEC,
	.max_slew_ppb = 500000,
	.max_frequency_ppb = 500000,
	.drift_ppb = 15000,
	.min_poll = 4 * NS_PER_SEC,
	.max_poll = 64 * NS_PER_SEC,
};

static int64_t clamp(int64_t x, int64_t most)
{
	if (x > most) {
		return most;
	}
	return x < -most ? -most : x;
}

static dur_ns doubled(dur_ns interval, dur_ns most)
{
	return interval > most / 2 ? most : 2 * interval;
}

static dur_ns halved(dur_ns interval, dur_ns least)
{
	return interval / 2 < least ? least : interval / 2;
}

void discipline_init(struct discipline *d, const struct discipline_limits *limits,
		     int64_t frequency_ppb, struct mono now)
{
	*d = (struct discipline){
		.limits = *limits,
		.phase = DISCIPLINE_STARTING,
		.interval = limits->min_poll,
	};
	model_init(&d->model, limits->drift_ppb, limits->max_frequency_ppb, frequency_ppb, now);
}

void discipline_use_rate(struct discipline *d, int64_t rate_ppb)
{
	model_use_rate(&d->model, rate_ppb);
}

void discipline_forget(struct discipline *d, int64_t frequency_ppb, struct mono now)
{
	const struct discipline old = *d;

	discipline_init(d, &old.limits, frequency_ppb, now);
	d->corrected = old.corrected;
	d->forgotten = old.corrected;
}

static void refuse(struct discipline *d, struct discipline_decision *out)
{
	d->phase = DISCIPLINE_REFUSED;
	out->action = DISCIPLINE_REFUSE;
	out->reason = POLICY_OVER_MAX_CHANGE;
}

static void tune(struct discipline *d, struct discipline_decision *out)
{
	out->frequency_ppb = clamp(d->model.rate_ppb, d->limits.max_frequency_ppb);
	out->set_frequency = out->frequency_ppb != d->model.frequency_ppb;
	model_tunes(&d->model, out->frequency_ppb);
}

/* For how long a slew that begins now may go on, for all of it to be done in `until`. */
static dur_ns slew_time(const struct discipline_limits *limits, dur_ns until)
{
	dur_ns period = limits->slew_period;

	if (period == 0) {
		return until;
	}
	return until < 2 * period ? 0 : (until / period - 1) * period;
}

/*
 * Slew what is left of the offset, as much of it as may be done until the next poll, and in units
 * of what the clock can do, so that the model knows what was done.
 */
static void slew(struct discipline *d, struct discipline_decision *out)
{
	dur_ns unit = d->limits.first.resolution > 0 ? d->limits.first.resolution : 1;
	dur_ns most = drift_over(slew_time(&d->limits, out->next_poll), d->limits.max_slew_ppb);
	dur_ns correction = clamp(model_left(&d->model), most) / unit * unit;
	dur_ns change = drift_add(correction, -clamp(d->model.slew, INT64_MAX));

	if (clamp(change, unit - 1) == change) {
		return;
	}
	out->action = DISCIPLINE_SLEW;
	out->correction = correction;
	model_slews(&d->model, correction);
}

static void steer(struct discipline *d, struct discipline_decision *out)
{
	dur_ns panic = d->limits.panic;
	dur_ns left = model_left(&d->model);

	if (panic > 0 && clamp(left, panic) != left) {
		refuse(d, out);
		return;
	}
	tune(d, out);
	slew(d, out);
}

/* Poll more rarely while nothing but chance is to be seen, and more often when something is. */
static void adapt(struct discipline *d)
{
	dur_ns chance = drift_add(d->model.estimate_chance, d->limits.first.resolution);
	dur_ns left = model_left(&d->model);

	if (d->model.estimate_chance == 0 || clamp(left, chance) != left) {
		d->interval = halved(d->interval, d->limits.min_poll);
		d->settled = 0;
	} else if (++d->settled == SETTLED) {
		d->interval = doubled(d->interval, d->limits.max_poll);
		d->settled = 0;
	}
}

static bool is_due_for_saving(struct discipline *d, struct mono now)
{
	if (d->model.rate_chance_ppb > d->limits.drift_ppb ||
	    (d->saved && mono_since(now, d->saved_at) < SAVE_EVERY)) {
		return false;
	}
	d->saved = true;
	d->saved_at = now;
	return true;
}

static void correct_first(struct discipline *d, const struct discipline_poll *poll,
			  struct discipline_decision *out)
{
	const struct policy_decision p = policy_decide(poll->measurement.offset, &d->limits.first);
	struct model_measurement after = poll->measurement;

	out->event = DISCIPLINE_FIRST;
	out->reason = p.reason;
	model_forget(&d->model);
	if (p.action == POLICY_STEP) {
		out->action = DISCIPLINE_STEP;
		out->correction = p.correction;
		model_stepped(&d->model);
		after.offset -= p.correction;
	}
	model_learn(&d->model, &after);
	if (p.action == POLICY_REFUSE) {
		refuse(d, out);
		return;
	}
	d->corrected = true;
	steer(d, out);
}

static void track(struct discipline *d, const struct discipline_poll *poll,
		  struct discipline_decision *out)
{
	enum model_verdict verdict =
		d->forgotten ? MODEL_CONFIRMS : model_check(&d->model, &poll->measurement);

	d->forgotten = false;
	out->event = DISCIPLINE_TRACKING;
	if (verdict == MODEL_CONTRADICTS) {
		out->event = DISCIPLINE_CONTRADICTION;
		d->phase = DISCIPLINE_HOLDING_OVER;
		return;
	}
	if (verdict == MODEL_CONFIRMS) {
		out->event = DISCIPLINE_RESTART;
		model_forget(&d->model);
		d->interval = d->limits.min_poll;
	}
	model_learn(&d->model, &poll->measurement);
	adapt(d);
	out->next_poll = d->interval;
	out->save_rate = is_due_for_saving(d, poll->now);
	steer(d, out);
}

/* Ask again soon, and then ever more rarely. */
static void hold_over(struct discipline *d, struct discipline_decision *out)
{
	out->event = DISCIPLINE_NO_ANSWER;
	for (size_t i = 0; i < d->unanswered && out->next_poll < d->limits.max_poll; i++) {
		out->next_poll = doubled(out->next_poll, d->limits.max_poll);
	}
	d->unanswered++;
	if (d->corrected) {
		d->phase = DISCIPLINE_HOLDING_OVER;
		steer(d, out);
	}
}

void discipline_poll(struct discipline *d, const struct discipline_poll *poll,
		     struct discipline_decision *out)
{
	*out = (struct discipline_decision){
		.frequency_ppb = d->model.frequency_ppb,
		.next_poll = d->limits.min_poll,
	};
	model_advance(&d->model, poll->now, poll->slew_left);
	if (!poll->answered) {
		hold_over(d, out);
		return;
	}
	d->unanswered = 0;
	d->phase = DISCIPLINE_SYNCHRONISED;
	if (d->corrected) {
		track(d, poll, out);
	} else {
		correct_first(d, poll, out);
	}
}

void discipline_status(const struct discipline *d, struct mono now, dur_ns slew_left,
		       struct discipline_status *out)
{
	const struct model_error error = model_error_at(&d->model, now, slew_left);

	*out = (struct discipline_status){
		.phase = d->phase,
		.offset = error.offset,
		.max_error = error.max_error,
		.rate_ppb = d->model.rate_ppb,
		.rate_chance_ppb = d->model.rate_chance_ppb,
		.rate_error_ppb = model_rate_error(&d->model),
		.frequency_ppb = d->model.frequency_ppb,
		.used = d->model.regress.count,
		.unanswered = d->unanswered,
	};
}

const char *discipline_event_text(enum discipline_event event)
{
	switch (event) {
	case DISCIPLINE_FIRST:
		return "the first measurement";
	case DISCIPLINE_TRACKING:
		return "tracking";
	case DISCIPLINE_NO_ANSWER:
		return "no server answered";
	case DISCIPLINE_CONTRADICTION:
		return "contradicts all before it; not used unless the next one confirms it";
	case DISCIPLINE_RESTART:
		return "confirmed: a clock was stepped; beginning anew";
	}
	return "unknown";
}

const char *discipline_phase_text(enum discipline_phase phase)
{
	switch (phase) {
	case DISCIPLINE_STARTING:
		return "starting";
	case DISCIPLINE_SYNCHRONISED:
		return "synchronised";
	case DISCIPLINE_HOLDING_OVER:
		return "holding over";
	case DISCIPLINE_REFUSED:
		return "refused";
	}
	return "unknown";
}
