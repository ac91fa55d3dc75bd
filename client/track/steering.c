/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/track/steering.h"

#include <errno.h>

#include "core/arith.h"

int steering_begin(struct steering *s, struct clock *clock, const struct discipline_limits *limits)
{
	struct discipline_limits own = *limits;
	const int64_t slew_ppb = clock_frequency_slew(clock);
	int64_t frequency_ppb;
	dur_ns left = 0;
	struct clock_mark mark;
	int rc = clock_mark(clock, &mark);

	if (rc == 0) {
		rc = clock_frequency(clock, &frequency_ppb);
	}
	if (rc == 0) {
		rc = clock_slew_left(clock, &left);
	}
	if (rc == 0 && left != 0) {
		rc = clock_slew_since(clock, &mark, 0);
	}
	if (rc == 0 && slew_ppb != 0) { /* of a process that was killed */
		frequency_ppb -= slew_ppb;
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

/* Do to the clock what was decided, and say whether it was stepped. 0 or -errno. */
static int apply(struct steering *s, const struct discipline_decision *d, bool *stepped)
{
	struct clock_mark *since = &s->mark;
	int rc = 0;

	if (d->action == DISCIPLINE_STEP) {
		rc = clock_step_since(s->clock, since, d->correction);
		*stepped = rc == 0;
	}
	if (rc == 0 && d->set_frequency) {
		const struct mono from = clock_mono(s->clock);

		rc = clock_slew_by_frequency_since(s->clock, since, d->frequency_ppb, d->slew_ppb);
		s->slewing = rc == 0 && d->slew_ppb != 0;
		discipline_tuned(&s->discipline, from, clock_mono(s->clock));
	}
	return rc;
}

/*
 * Not all that was decided could be done. A step may have been, and remains one; then the clock is
 * right but for its rate. Otherwise the clock is as it was.
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

/* After a measurement that contradicts the model, no estimate can be relied on. */
static bool is_known(const struct discipline_decision *d, const struct discipline_status *status)
{
	return status->phase == DISCIPLINE_SYNCHRONISED || status->phase == DISCIPLINE_CORRECTING ||
	       (status->phase == DISCIPLINE_HOLDING_OVER && d->event == DISCIPLINE_NO_ANSWER);
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

int steering_settle(struct steering *s)
{
	struct mono from;
	int rc;

	if (!s->slewing) {
		return 0;
	}
	from = clock_mono(s->clock);
	rc = clock_set_frequency_since(s->clock, &s->mark, s->discipline.frequency_ppb);
	if (rc == 0) {
		s->slewing = false;
		(void)discipline_settle(&s->discipline, from);
		discipline_tuned(&s->discipline, from, clock_mono(s->clock));
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

int steering_poll(struct steering *s, const struct combination *c, const struct measure_job *jobs,
		  struct discipline_decision *decision, struct discipline_status *status)
{
	struct discipline_poll poll = { .answered = c->rc == 0,
					.outvoted = combine_is_disputed(c) };
	bool stepped = false;
	int rc = clock_unchanged(s->clock, &s->mark);

	if (rc != 0) {
		*decision = (struct discipline_decision){ .action = DISCIPLINE_NONE };
		return rc;
	}
	s->forgotten = poll.answered ? 0 : s->forgotten;
	poll.now = clock_mono(s->clock);
	if (poll.answered) {
		poll.measurement = (struct model_measurement){
			.offset = c->estimate.offset,
			.max_error = c->estimate.max_error,
			.delay = c->estimate.delay,
		};
		s->reference_error = combine_reference_error(c, jobs);
		poll.synchronised = combine_is_synchronised(c, jobs);
	}
	discipline_poll(&s->discipline, &poll, decision);
	discipline_status(&s->discipline, poll.now, status);
	rc = apply(s, decision, &stepped);
	if (rc != 0) {
		admit_failure(s, stepped, decision, status);
		return rc;
	}
	return clock_claim_renew(&s->claim,
				 is_known(decision, status) ? error_of(s, status) : INT64_MAX);
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
		rc = clock_frequency(s->clock, &frequency_ppb);
	}
	if (rc == 0) {
		discipline_forget(&s->discipline, frequency_ppb, clock_mono(s->clock));
	}
	return rc;
}

int64_t steering_rate_ppb(const struct steering *s)
{
	return s->discipline.model.rate_ppb;
}

bool steering_rate_is_known(const struct steering *s)
{
	return discipline_rate_is_known(&s->discipline);
}

int steering_disclaim(struct steering *s)
{
	return clock_claim_renew(&s->claim, INT64_MAX);
}
