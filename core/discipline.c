/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/discipline_private.h"

#include "core/drift.h"

/* Polls in a row that find nothing to correct, before they become rarer. */
#define SETTLED 12

/* Two clocks that are both at the limit of correction. */
#define MAX_RATE_PPB 250000000

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
	.max_slew_ppb = 83333000,
	.max_frequency_ppb = 500000,
	.drift_ppb = 15000,
	.min_poll = 4 * NS_PER_SEC,
	.max_poll = 64 * NS_PER_SEC,
};

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
		.likely_ppb = LIKELY_RATE_PPB,
		.max_rate_ppb = MAX_RATE_PPB,
		.mono_is_tuned = limits->mono_is_tuned,
	};

	model_init(&d->model, &of_model, frequency_ppb, now);
	d->frequency_ppb = frequency_ppb;
	d->frequency_at_first = frequency_ppb;
}

void discipline_use_rate(struct discipline *d, int64_t rate_ppb)
{
	model_use_rate(&d->model, rate_ppb);
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

/* Poll more rarely while nothing but chance is to be seen, and more often when something is. */
static void adapt(struct discipline *d)
{
	dur_ns chance = drift_add(d->model.estimate_chance, d->limits.first.resolution);
	dur_ns left = model_left(&d->model);

	if (d->model.estimate_chance == 0 || discipline_clamp(left, chance) != left) {
		d->interval = halved(d->interval, d->limits.min_poll);
		d->settled = 0;
	} else if (++d->settled == SETTLED) {
		d->interval = doubled(d->interval, d->limits.max_poll);
		d->settled = 0;
	}
}

bool discipline_rate_is_known(const struct discipline *d)
{
	return d->corrected && !d->outvoted && d->model.regress.count >= REGRESS_LEAST &&
	       d->model.rate_chance_ppb <= d->limits.drift_ppb;
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
	const struct regress_sample s = {
		.at = d->model.untouched,
		.offset = poll->measurement.offset,
		.max_error = poll->measurement.max_error,
	};
	const dur_ns added = drift_add(d->added, d->model.applied);

	return effect_is_missing(&d->effect, &s, added, d->limits.drift_ppb);
}

/* Undo corrections that had no effect: restore the frequency of the beginning. */
static void give_up(struct discipline *d, struct discipline_decision *out)
{
	discipline_refuse(d, POLICY_MOVES_ALONG, out);
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
		discipline_step(d, &poll->measurement, p.correction, out);
	} else {
		model_learn(&d->model, &poll->measurement);
	}
	if (p.action == POLICY_REFUSE) {
		discipline_refuse(d, p.reason, out);
		return;
	}
	d->allowed = d->limits.first.max_change > 0 ? d->limits.first.max_change : 0;
	d->corrected = true;
	discipline_steer(d, out);
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
		d->phase = DISCIPLINE_HOLDING_OVER;
		return false;
	case MODEL_CONFIRMS:
		out->event = DISCIPLINE_RESTART;
		model_forget(&d->model);
		model_learn(&d->model, &poll->measurement);
		d->interval = d->limits.min_poll;
		break;
	case MODEL_RATE:
		out->event = DISCIPLINE_RATE;
		model_believe_rate(&d->model);
		d->interval = d->limits.min_poll;
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
	adapt(d);
	out->next_poll = d->interval;
	out->save_rate = is_due_for_saving(d, poll->now);
	if (discipline_wants_step(d) && !discipline_is_refused(d, model_left(&d->model), &why)) {
		discipline_step(d, &poll->measurement, model_left(&d->model), out);
	}
	discipline_steer(d, out);
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
		discipline_steer(d, out);
	}
}

/* It is not right while it is off by more than is to be seen. */
static void judge(struct discipline *d, struct mono now)
{
	const struct model_error error = model_error_at(&d->model, now);
	const dur_ns most = drift_add(error.max_error, d->limits.first.resolution);

	if (d->phase == DISCIPLINE_SYNCHRONISED && discipline_magnitude(error.offset) > most) {
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

void discipline_status(const struct discipline *d, struct mono now, struct discipline_status *out)
{
	const struct model_error error = model_error_at(&d->model, now);

	*out = (struct discipline_status){
		.phase = d->phase,
		.offset = error.offset,
		.max_error = error.max_error,
		.rate_ppb = d->model.rate_ppb,
		.rate_chance_ppb = d->model.rate_chance_ppb,
		.rate_error_ppb = model_rate_error(&d->model),
		.frequency_ppb = d->frequency_ppb,
		.used = d->model.regress.count,
		.unanswered = d->unanswered,
	};
}
