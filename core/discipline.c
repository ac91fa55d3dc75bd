/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/discipline.h"

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"

/*
 * Until the rate is known to 1 ppm, which is two standard deviations, polls follow each other
 * quickly: so many at least and most.
 */
#define RATE_KNOWN_PPB 500
#define HURRIED_POLL   (2 * NS_PER_SEC)
#define HURRIED_LEAST  3
#define HURRIED_MOST   40

/* After an unanswered poll the next follows soon, and then ever later. */
#define FIRST_RETRY (4 * NS_PER_SEC)

/* The goal for the clock's chance error before the next poll; more if measurements are worse. */
#define GOAL (5 * NS_PER_US)

/* A slew of no more than this goes on until the next poll, or one of the next few. */
#define GENTLE_SLEW_PPB 20000
#define LEISURE_MOST    16
#define LEISURE         (4 * NS_PER_SEC)

/* The usual error of measurements is that of the last so many. */
#define USUAL 16

/* The rate is not known from fewer measurements. */
#define LEAST_FOR_RATE 3

/* A rate is saved this often at most. */
#define SAVE_EVERY (3600 * NS_PER_SEC)

/* A slew takes at least this long, if there is time: nothing hangs on the moment when it ends. */
#define SHORTEST_SLEW NS_PER_SEC

const struct discipline_limits discipline_default_limits = {
	.first = {
		.max_change = 0,
		.step_above = 128 * NS_PER_MS,
		.resolution = NS_PER_US,
		.slew_ppb = DRIFT_SLEW_PPB,
		.force = POLICY_AUTO,
	},
	.panic = DISCIPLINE_PANIC,
	.max_slew_ppb = DRIFT_FAST_SLEW_PPB,
	.max_frequency_ppb = DRIFT_LIKELY_PPB,
	.drift_ppb = DRIFT_WANDER_PPB,
	.min_poll = 32 * NS_PER_SEC,
	.max_poll = 64 * NS_PER_SEC,
};

/* --- how the clock is corrected --------------------------------------------------------------- */

static void refuse(struct discipline *d, enum policy_reason reason, struct discipline_decision *out)
{
	d->phase = DISCIPLINE_REFUSED;
	out->action = DISCIPLINE_REFUSE;
	out->reason = reason;
	out->correction = 0;
}

/* The frequency that corrects the rate, and the part that slews the clock. */
static void tune(struct discipline *d, struct discipline_decision *out)
{
	const int64_t before = d->model.frequency_ppb;

	d->frequency_ppb = arith_clamp(d->model.rate_ppb, d->limits.max_frequency_ppb);
	model_tunes(&d->model, d->frequency_ppb + out->slew_ppb);
	out->frequency_ppb = d->frequency_ppb;
	out->set_frequency = d->model.frequency_ppb != before;
}

/*
 * How fast to slew that offset: within the limit of the clock less the rate correction. A fast slew
 * stays fast until its end, and a clock with a very wrong rate may be slewed at that rate.
 */
static int64_t slew_speed(struct discipline *d, dur_ns left)
{
	const int64_t most = d->limits.max_slew_ppb;
	const int64_t rate = arith_clamp(d->model.rate_ppb, d->limits.max_frequency_ppb);
	const int64_t room = d->limits.max_frequency_ppb - (left < 0 ? -rate : rate);
	int64_t speed = d->limits.first.slew_ppb;

	d->is_fast = d->is_fast || arith_abs(left) > drift_over(DISCIPLINE_LONG_SLEW, speed);
	if (arith_abs(rate) > DRIFT_LIKELY_PPB && arith_abs(rate) > speed) {
		speed = arith_abs(rate);
	}
	speed = d->is_fast || most < speed ? most : speed;
	return speed < room ? speed : room;
}

/* How long it takes to slew that amount at that rate; INT64_MAX if for ever. */
static dur_ns slew_time(dur_ns left, int64_t speed_ppb)
{
	const double ns = speed_ppb > 0 ? (double)arith_abs(left) / (double)speed_ppb * 1e9 : 1e19;

	return ns < 9.2e18 ? (dur_ns)ns : INT64_MAX;
}

/*
 * The duration of a gentle slew: until the next poll, at the usual interval. Once the clock is
 * settled, an offset that may be chance takes some polls: it is no reason to disturb the rate.
 */
static dur_ns leisure(const struct discipline *d, dur_ns left, dur_ns next_poll)
{
	const bool settled = d->hurried == HURRIED_MOST;
	const dur_ns usual = settled ? arith_max(next_poll, d->interval) : next_poll;
	const int64_t most = arith_min(d->updates / 8, usual / LEISURE);

	return arith_abs(left) < 2 * model_chance_after(&d->model, 0)
		       ? usual * arith_between(most, 1, LEISURE_MOST)
		       : usual;
}

/*
 * Slew as much of the remaining offset as can be done until the next poll. The frequency does it,
 * so the slew starts and ends at once, and the model knows how much was done.
 */
static void slew(struct discipline *d, struct discipline_decision *out)
{
	const dur_ns left = model_left(&d->model);
	const int64_t speed = slew_speed(d, left);
	const dur_ns least = SHORTEST_SLEW < out->next_poll ? SHORTEST_SLEW : out->next_poll;
	dur_ns takes;

	if (arith_abs(left) < d->limits.first.resolution || left == 0 || speed <= 0) {
		return;
	}
	out->slew_all = slew_time(left, speed);
	takes = out->slew_all < least ? least : out->slew_all;
	if (arith_abs(left) <= drift_over(out->next_poll, GENTLE_SLEW_PPB)) {
		takes = out->slew_all = arith_max(takes, leisure(d, left, out->next_poll));
	}
	out->slew_for = takes < out->next_poll ? takes : out->next_poll;
	out->slew_ppb = (int64_t)((double)left / (double)takes * 1e9);
	out->correction = drift_over(out->slew_for, out->slew_ppb);
	d->is_fast = d->is_fast && out->slew_for < takes;
	out->action = out->slew_ppb != 0 ? DISCIPLINE_SLEW : out->action;
}

/* The known rates are all beyond the limit of correction. */
static bool is_out_of_reach(const struct discipline *d)
{
	const int64_t most = arith_add(d->limits.max_frequency_ppb, d->limits.drift_ppb);
	const struct model *m = &d->model;

	return (m->rate_low > most && m->rate_high > most && m->rate_ppb > most) ||
	       (m->rate_low < -most && m->rate_high < -most && m->rate_ppb < -most);
}

static bool is_over_panic(struct discipline *d, dur_ns left)
{
	const dur_ns most = d->allowed > d->limits.panic ? d->allowed : d->limits.panic;

	if (d->limits.panic > 0 && arith_abs(left) > most) {
		return true;
	}
	/* A slew in progress may continue, but nothing is added to it. */
	if (d->allowed > 0) {
		d->allowed = arith_add(arith_abs(left), NS_PER_SEC);
	}
	return false;
}

static bool is_refused(struct discipline *d, dur_ns left, enum policy_reason *why)
{
	const struct policy_decision all = { .action = POLICY_SLEW, .correction = left };
	const struct policy_decision vetted = policy_vet(&all, d->synchronised, &d->limits.first);
	const bool over_panic = is_over_panic(d, left);

	*why = over_panic ? POLICY_OVER_MAX_CHANGE : vetted.reason;
	return over_panic || vetted.action == POLICY_REFUSE;
}

static void steer(struct discipline *d, struct discipline_decision *out)
{
	enum policy_reason why;

	if (is_refused(d, model_left(&d->model), &why)) {
		refuse(d, why, out);
		return;
	}
	if (is_out_of_reach(d)) {
		refuse(d, POLICY_OUT_OF_REACH, out);
		return;
	}
	if (out->action == DISCIPLINE_NONE) {
		slew(d, out);
	}
	tune(d, out);
}

/* Step the clock after the measurement x. */
static void step(struct discipline *d, const struct model_measurement *x, dur_ns correction,
		 struct discipline_decision *out)
{
	struct model_measurement after = *x;

	after.offset = arith_sub(after.offset, correction);
	d->added = arith_add(d->added, arith_add(d->model.applied, correction));
	out->action = DISCIPLINE_STEP;
	out->correction = correction;
	model_stepped(&d->model);
	model_learn(&d->model, &after);
}

/* Whether the user wants the rest to be stepped. */
static bool wants_step(const struct discipline *d)
{
	const struct discipline_limits *l = &d->limits;

	return l->makestep > 0 && arith_abs(model_left(&d->model)) > l->makestep &&
	       (l->makestep_count == 0 || d->updates <= l->makestep_count);
}

/* --- what follows from a poll ----------------------------------------------------------------- */

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
	const struct model_limits of_model = {
		.drift_ppb = limits->drift_ppb,
		.likely_ppb = DRIFT_LIKELY_PPB,
		.max_rate_ppb = DRIFT_FARTHEST_PPB,
		.mono_is_tuned = limits->mono_is_tuned,
	};

	model_init(&d->model, &of_model, frequency_ppb, now);
	d->frequency_ppb = frequency_ppb;
	d->frequency_at_first = frequency_ppb;
}

void discipline_use_rate(struct discipline *d, int64_t rate_ppb, int64_t chance_ppb)
{
	model_use_rate(&d->model, rate_ppb, chance_ppb);
}

void discipline_forget(struct discipline *d, int64_t frequency_ppb, struct mono now)
{
	const struct discipline old = *d;

	discipline_init(d, &old.limits, frequency_ppb, now);
	d->frequency_at_first = old.frequency_at_first;
	d->corrected = old.corrected;
	d->forgotten = old.corrected;
	d->updates = old.updates;
}

/* --- when to poll again ----------------------------------------------------------------------- */

static bool is_hurried(const struct discipline *d)
{
	const size_t most = d->limits.polite ? HURRIED_LEAST : HURRIED_MOST;

	return d->hurried < HURRIED_LEAST ||
	       (d->hurried < most && d->model.rate_chance_ppb > RATE_KNOWN_PPB);
}

/* Little is known again. */
static void hurry(struct discipline *d)
{
	d->hurried = 0;
	d->interval = d->limits.min_poll;
}

static dur_ns hurried_poll(const struct discipline *d)
{
	return arith_min(HURRIED_POLL, d->limits.min_poll);
}

/* Poll as rarely as the goal allows. */
static void adapt(struct discipline *d, dur_ns chance)
{
	dur_ns goal;

	if (chance != INT64_MAX) {
		d->usual_chance += (chance - d->usual_chance) / (d->usual_chance > 0 ? USUAL : 1);
	}
	goal = arith_max(GOAL, d->usual_chance);
	if (model_chance_after(&d->model, d->interval) > goal) {
		d->interval = halved(d->interval, d->limits.min_poll);
	} else if (model_chance_after(&d->model, 2 * d->interval) <= goal) {
		d->interval = doubled(d->interval, d->limits.max_poll);
	}
}

/* After a measurement that was used. */
static void schedule(struct discipline *d, dur_ns chance, struct discipline_decision *out)
{
	if (is_hurried(d)) {
		d->hurried++;
		out->thorough = true;
		out->next_poll = hurried_poll(d);
		return;
	}
	d->hurried = HURRIED_MOST;
	adapt(d, chance);
	out->next_poll = d->interval;
}

bool discipline_rate_is_known(const struct discipline *d)
{
	return d->corrected && !d->outvoted && d->model.history.count >= LEAST_FOR_RATE &&
	       d->model.rate_chance_ppb <= (double)d->limits.drift_ppb;
}

static bool is_due_for_saving(struct discipline *d, struct mono now)
{
	if (!discipline_rate_is_known(d) ||
	    (d->saved && mono_since(now, d->saved_at) < SAVE_EVERY)) {
		return false;
	}
	d->saved = true;
	d->saved_at = now;
	return true;
}

static bool is_in_vain(struct discipline *d, const struct discipline_poll *poll)
{
	const struct history_sample s = {
		.at = d->model.untouched,
		.offset = poll->measurement.offset,
		.max_error = poll->measurement.max_error,
	};
	const dur_ns added = arith_add(d->added, d->model.applied);

	return effect_is_missing(&d->effect, &s, added, d->limits.drift_ppb);
}

/* Undo corrections that had no effect: restore the frequency of the beginning. */
static void give_up(struct discipline *d, struct discipline_decision *out)
{
	refuse(d, POLICY_MOVES_ALONG, out);
	d->frequency_ppb = d->frequency_at_first;
	out->set_frequency = d->frequency_ppb != d->model.frequency_ppb;
	out->frequency_ppb = d->frequency_ppb;
	model_tunes(&d->model, d->frequency_ppb);
}

static struct policy_limits limits_of_first(const struct discipline *d)
{
	struct policy_limits limits = d->limits.first;

	limits.max_change = limits.max_change > 0 ? limits.max_change : d->limits.panic;
	if (d->limits.makestep > 0) {
		limits.step_above = d->limits.makestep;
	}
	limits.slew_ppb = d->limits.max_slew_ppb;
	return limits;
}

static void correct_first(struct discipline *d, const struct discipline_poll *poll,
			  struct discipline_decision *out)
{
	const struct policy_limits limits = limits_of_first(d);
	const struct policy_decision wanted = policy_decide(poll->measurement.offset, &limits);
	const struct policy_decision p = policy_vet(&wanted, poll->synchronised, &limits);

	out->event = DISCIPLINE_FIRST;
	out->reason = p.reason;
	model_forget(&d->model);
	d->updates++;
	(void)is_in_vain(d, poll); /* nothing was done before */
	if (p.action == POLICY_STEP) {
		step(d, &poll->measurement, p.correction, out);
	} else {
		model_learn(&d->model, &poll->measurement);
	}
	if (p.action == POLICY_REFUSE) {
		refuse(d, p.reason, out);
		return;
	}
	d->allowed = d->limits.first.max_change > 0 ? d->limits.first.max_change : 0;
	d->corrected = true;
	schedule(d, poll->measurement.chance, out);
	steer(d, out);
}

/* Judge a measurement and learn from it. False if it is not used. */
static bool learn(struct discipline *d, const struct discipline_poll *poll,
		  struct discipline_decision *out)
{
	const enum model_verdict verdict =
		d->forgotten ? MODEL_CONFIRMS : model_check(&d->model, &poll->measurement);

	d->forgotten = false;
	switch (verdict) {
	case MODEL_CONTRADICTS:
		out->event = DISCIPLINE_CONTRADICTION;
		out->thorough = true;
		out->next_poll = hurried_poll(d);
		d->phase = DISCIPLINE_HOLDING_OVER;
		return false;
	case MODEL_CONFIRMS:
		out->event = DISCIPLINE_RESTART;
		model_forget(&d->model);
		model_learn(&d->model, &poll->measurement);
		hurry(d);
		break;
	case MODEL_RATE:
		out->event = DISCIPLINE_RATE;
		model_believe_rate(&d->model);
		hurry(d);
		break;
	case MODEL_AGREES:
		out->event = DISCIPLINE_TRACKING;
		model_learn(&d->model, &poll->measurement);
		break;
	}
	d->updates++;
	return true;
}

static void track(struct discipline *d, const struct discipline_poll *poll,
		  struct discipline_decision *out)
{
	const bool in_vain = is_in_vain(d, poll);
	const bool used = learn(d, poll, out);
	enum policy_reason why;

	if (in_vain) {
		give_up(d, out);
	}
	if (in_vain || !used) {
		return;
	}
	schedule(d, poll->measurement.chance, out);
	out->save_rate = is_due_for_saving(d, poll->now);
	if (wants_step(d) && !is_refused(d, model_left(&d->model), &why)) {
		step(d, &poll->measurement, model_left(&d->model), out);
	}
	steer(d, out);
}

/* Ask again soon, and then ever more rarely. */
static void hold_over(struct discipline *d, struct discipline_decision *out)
{
	out->event = DISCIPLINE_NO_ANSWER;
	out->next_poll = arith_min(FIRST_RETRY, d->limits.min_poll);
	for (size_t i = 0; i < d->unanswered && out->next_poll < d->limits.max_poll; i++) {
		out->next_poll = doubled(out->next_poll, d->limits.max_poll);
	}
	d->unanswered++;
	if (d->corrected) {
		d->phase = DISCIPLINE_HOLDING_OVER;
		steer(d, out);
	}
}

/* The clock is not right while its offset is surely seen. */
static void judge(struct discipline *d, struct mono now)
{
	const struct model_error error = model_error_at(&d->model, now);
	const dur_ns most = arith_add(error.max_error, d->limits.first.resolution);

	if (d->phase == DISCIPLINE_SYNCHRONISED && arith_abs(error.offset) > most) {
		d->phase = DISCIPLINE_CORRECTING;
	}
}

void discipline_tuned(struct discipline *d, struct mono from, struct mono to)
{
	model_tuned(&d->model, from, to);
}

int64_t discipline_settle(struct discipline *d, struct mono now)
{
	model_advance(&d->model, now);
	model_tunes(&d->model, d->frequency_ppb);
	return d->frequency_ppb;
}

void discipline_poll(struct discipline *d, const struct discipline_poll *poll,
		     struct discipline_decision *out)
{
	*out = (struct discipline_decision){
		.frequency_ppb = d->frequency_ppb,
		.next_poll = d->limits.min_poll,
	};
	model_advance(&d->model, poll->now);
	if (!poll->answered) {
		hold_over(d, out);
		return;
	}
	d->unanswered = 0;
	d->outvoted = poll->outvoted;
	d->synchronised = poll->synchronised;
	d->phase = DISCIPLINE_SYNCHRONISED;
	if (d->corrected) {
		track(d, poll, out);
	} else {
		correct_first(d, poll, out);
	}
	judge(d, poll->now);
}

int64_t discipline_drift(const struct discipline *d)
{
	return model_drift(&d->model);
}

void discipline_status(const struct discipline *d, struct mono now, struct discipline_status *out)
{
	const struct model_error error = model_error_at(&d->model, now);

	*out = (struct discipline_status){
		.phase = d->phase,
		.offset = error.offset,
		.max_error = error.max_error,
		.rate_known = model_knows_rate(&d->model),
		.rate_ppb = d->model.rate_ppb,
		.rate_chance_ppb = (int64_t)(d->model.rate_chance_ppb + 0.5),
		.rate_error_ppb = model_rate_error(&d->model),
		.frequency_ppb = d->frequency_ppb,
		.used = d->model.history.count,
		.unanswered = d->unanswered,
	};
}

/* --- in words --------------------------------------------------------------------------------- */

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
		return "contradicts all earlier ones; not used unless the next one confirms it";
	case DISCIPLINE_RESTART:
		return "confirmed: a clock was stepped; starting again";
	case DISCIPLINE_RATE:
		return "agrees with earlier ones on another rate, which is used from now on";
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
	case DISCIPLINE_CORRECTING:
		return "correcting";
	case DISCIPLINE_HOLDING_OVER:
		return "holding over";
	case DISCIPLINE_REFUSED:
		return "refused";
	}
	return "unknown";
}
