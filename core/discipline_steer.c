/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/discipline_private.h"

#include "core/drift.h"

/* A slew takes at least this long, if there is time: nothing hangs on the moment when it ends. */
#define SHORTEST_SLEW NS_PER_SEC

int64_t discipline_clamp(int64_t x, int64_t most)
{
	if (x > most) {
		return most;
	}
	return x < -most ? -most : x;
}

void discipline_refuse(struct discipline *d, enum policy_reason reason,
		       struct discipline_decision *out)
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

	d->frequency_ppb = discipline_clamp(d->model.rate_ppb, d->limits.max_frequency_ppb);
	model_tunes(&d->model, d->frequency_ppb + out->slew_ppb);
	out->frequency_ppb = d->frequency_ppb;
	out->set_frequency = d->model.frequency_ppb != before;
}

dur_ns discipline_magnitude(dur_ns x)
{
	return discipline_clamp(x, INT64_MAX) < 0 ? -discipline_clamp(x, INT64_MAX) : x;
}

/*
 * How fast to slew that offset: within the limit of the clock, of which the rate correction takes a
 * part. A fast slew stays fast until its end, and a clock with a very wrong rate may be slewed at
 * that rate.
 */
static int64_t slew_speed(struct discipline *d, dur_ns left)
{
	const int64_t most = d->limits.max_slew_ppb;
	const int64_t rate = discipline_clamp(d->model.rate_ppb, d->limits.max_frequency_ppb);
	const int64_t room = d->limits.max_frequency_ppb - (left < 0 ? -rate : rate);
	int64_t speed = d->limits.first.slew_ppb;

	d->is_fast =
		d->is_fast || discipline_magnitude(left) > drift_over(DISCIPLINE_LONG_SLEW, speed);
	if (discipline_magnitude(rate) > LIKELY_RATE_PPB && discipline_magnitude(rate) > speed) {
		speed = discipline_magnitude(rate);
	}
	speed = d->is_fast || most < speed ? most : speed;
	return speed < room ? speed : room;
}

/* How long it takes to slew that amount at that rate; INT64_MAX if for ever. */
static dur_ns slew_time(dur_ns left, int64_t speed_ppb)
{
	const double ns =
		speed_ppb > 0 ? (double)discipline_magnitude(left) / (double)speed_ppb * 1e9 : 1e19;

	return ns < 9.2e18 ? (dur_ns)ns : INT64_MAX;
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

	if (discipline_magnitude(left) < d->limits.first.resolution || left == 0 || speed <= 0) {
		return;
	}
	out->slew_all = slew_time(left, speed);
	takes = out->slew_all < least ? least : out->slew_all;
	out->slew_for = takes < out->next_poll ? takes : out->next_poll;
	out->slew_ppb = (int64_t)((double)left / (double)takes * 1e9);
	out->correction = drift_over(out->slew_for, out->slew_ppb);
	d->is_fast = d->is_fast && out->slew_for < takes;
	out->action = out->slew_ppb != 0 ? DISCIPLINE_SLEW : out->action;
}

/* The known rates are all beyond the limit of correction. */
static bool is_out_of_reach(const struct discipline *d)
{
	const int64_t most = drift_add(d->limits.max_frequency_ppb, d->limits.drift_ppb);
	const struct model *m = &d->model;

	return (m->rate_low > most && m->rate_high > most && m->rate_ppb > most) ||
	       (m->rate_low < -most && m->rate_high < -most && m->rate_ppb < -most);
}

static bool is_over_panic(struct discipline *d, dur_ns left)
{
	const dur_ns most = d->allowed > d->limits.panic ? d->allowed : d->limits.panic;

	if (d->limits.panic > 0 && discipline_magnitude(left) > most) {
		return true;
	}
	/* A slew in progress may continue, but nothing is added to it. */
	if (d->allowed > 0) {
		d->allowed = drift_add(discipline_magnitude(left), NS_PER_SEC);
	}
	return false;
}

bool discipline_is_refused(struct discipline *d, dur_ns left, enum policy_reason *why)
{
	const struct policy_decision all = { .action = POLICY_SLEW, .correction = left };
	const struct policy_decision vetted = policy_vet(&all, d->synchronised, &d->limits.first);
	const bool over_panic = is_over_panic(d, left);

	*why = over_panic ? POLICY_OVER_MAX_CHANGE : vetted.reason;
	return over_panic || vetted.action == POLICY_REFUSE;
}

void discipline_steer(struct discipline *d, struct discipline_decision *out)
{
	enum policy_reason why;

	if (discipline_is_refused(d, model_left(&d->model), &why)) {
		discipline_refuse(d, why, out);
		return;
	}
	if (is_out_of_reach(d)) {
		discipline_refuse(d, POLICY_OUT_OF_REACH, out);
		return;
	}
	if (out->action == DISCIPLINE_NONE) {
		slew(d, out);
	}
	tune(d, out);
}

/* Step the clock, of which this is known. */
void discipline_step(struct discipline *d, const struct model_measurement *x, dur_ns correction,
		     struct discipline_decision *out)
{
	struct model_measurement after = *x;

	after.offset = drift_add(after.offset, -correction);
	d->added = drift_add(d->added, drift_add(d->model.applied, correction));
	out->action = DISCIPLINE_STEP;
	out->correction = correction;
	model_stepped(&d->model);
	model_learn(&d->model, &after);
}

/* Whether what is left is to be stepped, as the user wants it. */
bool discipline_wants_step(const struct discipline *d)
{
	const struct discipline_limits *l = &d->limits;

	return l->makestep > 0 && discipline_magnitude(model_left(&d->model)) > l->makestep &&
	       (l->makestep_count == 0 || d->updates <= l->makestep_count);
}
