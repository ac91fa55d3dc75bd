/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/steering.h"

#include <errno.h>

#include "core/arith.h"
#include "core/bound_track.h"

/* A slew that somebody else began would look like a rate until it is over. 0 or -errno. */
static int end_given_slew(struct clock *clock, struct clock_mark *mark)
{
	dur_ns left = 0;
	const int rc = clock_slew_left(clock, &left);

	return rc == 0 && left != 0 ? clock_slew_since(clock, mark, 0) : rc;
}

int steering_begin(struct steering *s, struct clock *clock, const struct discipline_limits *limits)
{
	struct discipline_limits own = *limits;
	int64_t frequency_ppb, slew_ppb = 0;
	struct clock_mark mark;
	int rc = clock_mark(clock, &mark);

	if (rc == 0) {
		rc = clock_frequency_apart(clock, &frequency_ppb, &slew_ppb);
	}
	if (rc == 0) {
		rc = end_given_slew(clock, &mark);
	}
	if (rc == 0 && slew_ppb != 0) { /* of a process that was killed */
		rc = clock_set_frequency_since(clock, &mark, frequency_ppb);
	}
	if (rc != 0) {
		return rc;
	}
	own.max_frequency_ppb = clock_max_frequency(clock);
	*s = (struct steering){ .clock = clock,
				.claim = clock_claim_begin(clock),
				.mark = mark,
				.found_slew_ppb = slew_ppb,
				.reference_error = INT64_MAX };
	discipline_init(&s->discipline, &own, frequency_ppb, clock_mono(clock));
	return 0;
}

/* Carry the decision out; *stepped: the clock was stepped. 0 or -errno. */
static int apply(struct steering *s, const struct discipline_decision *d, bool *stepped)
{
	struct clock_mark *since = &s->mark;
	int rc = 0;

	if (d->action == DISCIPLINE_STEP) {
		rc = clock_step_since(s->clock, since, d->correction);
		*stepped = rc == 0;
	}
	if (rc == 0 && d->set_frequency) {
		const struct clock_slew slew = { d->slew_ppb, d->slew_for };

		s->slew_from = clock_mono(s->clock);
		rc = clock_slew_by_frequency_since(s->clock, since, d->frequency_ppb, &slew);
		s->slew_to = clock_mono(s->clock);
		s->slew_for = d->slew_for;
		s->slewing = rc == 0 && d->slew_ppb != 0;
		discipline_tuned(&s->discipline, s->slew_from, s->slew_to);
	}
	return rc;
}

/*
 * The decision could not be carried out in full. If the step was made, it remains one, and the
 * clock is right but for its rate. Otherwise the clock is as it was.
 */
static void admit_failure(struct steering *s, bool stepped, struct discipline_decision *d,
			  struct discipline_status *status)
{
	if (!stepped) {
		status->offset = d->action == DISCIPLINE_STEP
					 ? arith_add(status->offset, d->correction)
					 : status->offset;
		d->action = DISCIPLINE_FAILED;
		d->correction = 0;
	}
	d->slew_ppb = d->slew_for = d->slew_all = 0;
	d->set_frequency = false;
	d->save_rate = false;
	status->phase = stepped ? DISCIPLINE_CORRECTING : DISCIPLINE_REFUSED;
	(void)clock_frequency(s->clock, &status->frequency_ppb); /* or it stays as decided */
	d->frequency_ppb = status->frequency_ppb;
}

/*
 * How far from UTC the clock is at most: the reference's error, as the servers report it, plus our
 * own error against that. INT64_MAX if that is not known.
 */
static dur_ns error_of(const struct steering *s, const struct discipline_status *status)
{
	const dur_ns offset = arith_abs(status->offset);

	return arith_add(s->reference_error, arith_add(offset, status->max_error));
}

/* The slew has ended, between these two instants. */
static void settled(struct steering *s, struct mono from, struct mono to)
{
	s->slewing = false;
	(void)discipline_settle(&s->discipline, from);
	discipline_tuned(&s->discipline, from, to);
}

/* Whether the clock itself has ended the slew. */
static bool has_ended(const struct steering *s)
{
	return clock_ends_slews(s->clock) && clock_unchanged(s->clock, &s->mark) == 0 &&
	       clock_frequency_slew(s->clock) == 0;
}

int steering_settle(struct steering *s)
{
	struct mono from;
	int rc;

	if (!s->slewing) {
		return 0;
	}
	if (has_ended(s)) {
		settled(s, mono_add(s->slew_from, s->slew_for), mono_add(s->slew_to, s->slew_for));
		return 0;
	}
	from = clock_mono(s->clock);
	rc = clock_set_frequency_since(s->clock, &s->mark, s->discipline.frequency_ppb);
	if (rc == 0) {
		settled(s, from, clock_mono(s->clock));
	}
	return rc == -ESTALE ? 0 : rc; /* the next poll finds that out */
}

/*
 * The part of the frequency that slews is removed, even if another program has changed the clock.
 */
int steering_end_slew(struct steering *s)
{
	int64_t frequency_ppb;
	int rc = steering_settle(s);

	if (rc != 0 || !s->slewing) {
		return rc;
	}
	rc = clock_frequency(s->clock, &frequency_ppb);
	if (rc == 0 && frequency_ppb == s->discipline.model.frequency_ppb) {
		rc = clock_set_frequency(s->clock, s->discipline.frequency_ppb);
	}
	s->slewing = false;
	return rc;
}

static bool announces_leap(enum clock_leap leap)
{
	return leap == CLOCK_LEAP_INSERT || leap == CLOCK_LEAP_DELETE ||
	       leap == CLOCK_LEAP_IN_PROGRESS;
}

/* The measurement of a poll that gave one. */
static struct model_measurement measurement_of(struct steering *s, struct mono now,
					       const struct combination *c,
					       const struct measure_job *jobs)
{
	struct sources_measurement measured[SELECT_MAX];
	const dur_ns low = c->select.low;
	const dur_ns high = c->select.high;
	struct sources_result best = { .offset = c->estimate.offset };

	for (size_t i = 0; i < c->named; i++) {
		const struct estimate e = jobs[i].measured.estimate;

		measured[i] = (struct sources_measurement){
			.used = c->select.verdict[i] == SELECT_TRUECHIMER,
			.single = e.used == 1,
			.offset = e.offset,
			.width = arith_min(arith_add(e.max_error, e.max_error), TS_LIMIT - 1),
		};
	}
	(void)sources_combine(&s->sources, now, measured, c->named, &best);
	best.offset = arith_between(best.offset, low, high);
	return (struct model_measurement){
		.offset = best.offset,
		.max_error = c->estimate.max_error == INT64_MAX
				     ? INT64_MAX
				     : arith_max(high - best.offset, best.offset - low),
		.chance = best.error,
	};
}

int steering_poll(struct steering *s, const struct combination *c, const struct measure_job *jobs,
		  struct discipline_decision *decision, struct discipline_status *status)
{
	struct discipline_poll poll = { .answered = c->rc == 0,
					.outvoted = combine_is_disputed(c) };
	bool stepped = false;
	int rc = clock_unchanged(s->clock, &s->mark);

	s->state = BOUND_UNKNOWN;
	if (rc != 0) {
		*decision = (struct discipline_decision){ .action = DISCIPLINE_NONE };
		return rc;
	}
	s->forgotten = poll.answered ? 0 : s->forgotten;
	poll.now = clock_mono(s->clock);
	if (poll.answered) {
		poll.measurement = measurement_of(s, poll.now, c, jobs);
		s->reference_error = combine_reference_error(c, jobs);
		poll.synchronised = combine_is_synchronised(c, jobs);
		s->leap = announces_leap(combine_leap(c, jobs));
	}
	discipline_poll(&s->discipline, &poll, decision);
	discipline_status(&s->discipline, poll.now, status);
	rc = apply(s, decision, &stepped);
	if (rc != 0) {
		admit_failure(s, stepped, decision, status);
		return rc;
	}
	s->state = bound_track_state(decision, status);
	return clock_claim_renew(&s->claim,
				 s->state == BOUND_UNKNOWN ? INT64_MAX : error_of(s, status));
}

struct bound steering_bound(const struct steering *s, dur_ns slew_for, dur_ns next_poll, bool trust)
{
	struct bound_tracked c = {
		.state = clock_unchanged(s->clock, &s->mark) == 0 ? s->state : BOUND_UNKNOWN,
		.rate_ppb = clock_rate(s->clock),
		.reference_error = s->reference_error,
		.of_servers = trust,
		.asleep = s->mark.asleep,
		.slew_for = s->slewing ? slew_for : 0,
		.renewed_in = next_poll,
		.leap = s->leap,
	};

	c.from = clock_mono(s->clock);
	c.shown = clock_now(s->clock);
	c.to = clock_mono(s->clock);
	return bound_track(&s->discipline, &c);
}

/* Once may be a person; this often in a row, it is a program. */
#define FORGOTTEN_MOST 3

int steering_forget(struct steering *s)
{
	int64_t frequency_ppb;
	int rc = clock_claim_renew(&s->claim, INT64_MAX);

	if (rc == 0 && ++s->forgotten > FORGOTTEN_MOST) {
		rc = -EBUSY;
	}
	if (rc == 0) {
		rc = steering_end_slew(s);
	}
	if (rc == 0) {
		rc = clock_mark(s->clock, &s->mark);
	}
	if (rc == 0) {
		rc = end_given_slew(s->clock, &s->mark);
		rc = rc == -ESTALE ? 0 : rc; /* the next poll finds that out */
	}
	if (rc == 0) {
		rc = clock_frequency(s->clock, &frequency_ppb);
	}
	if (rc == 0) {
		discipline_forget(&s->discipline, frequency_ppb, clock_mono(s->clock));
	}
	return rc;
}

int64_t steering_drift(const struct steering *s)
{
	return discipline_drift(&s->discipline);
}

void steering_rate(const struct steering *s, int64_t *ppb, int64_t *chance_ppb)
{
	*ppb = s->discipline.model.rate_ppb;
	*chance_ppb = (int64_t)s->discipline.model.rate_chance_ppb + 1; /* rounded up */
}

bool steering_rate_is_known(const struct steering *s)
{
	return discipline_rate_is_known(&s->discipline);
}

int steering_disclaim(struct steering *s)
{
	return clock_claim_renew(&s->claim, INT64_MAX);
}
