#include "client/steering.h"

#include <errno.h>

#include "core/drift.h"

int steering_begin(struct steering *s, struct clock *clock, const struct discipline_limits *limits)
{
	int64_t frequency_ppb;
	int rc = clock_frequency(clock, &frequency_ppb);

	if (rc != 0) {
		return rc;
	}
	*s = (struct steering){ .clock = clock, .reference_error = INT64_MAX };
	discipline_init(&s->discipline, limits, frequency_ppb, clock_mono(clock));
	return clock_watch_begin(&s->watch, clock);
}

/* Do to the clock what was decided. 0 or -errno. */
static int apply(struct steering *s, const struct discipline_decision *d)
{
	struct clock_mark *since = &s->watch.mark;
	int rc = 0;

	if (d->action == DISCIPLINE_STEP) {
		rc = clock_step_since(s->clock, since, d->correction);
	} else if (d->action == DISCIPLINE_SLEW) {
		rc = clock_slew_since(s->clock, since, d->correction);
	}
	if (rc == 0 && d->set_frequency) {
		rc = clock_set_frequency_since(s->clock, since, d->frequency_ppb);
	}
	return rc;
}

/* What is left of a slew once that is begun, of which `left` was left before. */
static dur_ns left_after(const struct discipline_decision *d, dur_ns left)
{
	if (d->action == DISCIPLINE_SLEW) {
		return d->correction;
	}
	return d->action == DISCIPLINE_STEP ? 0 : left;
}

/* A measurement that contradicts what was known leaves nothing that can be relied upon. */
static bool is_known(const struct discipline_decision *d, const struct discipline_status *status)
{
	return status->phase == DISCIPLINE_SYNCHRONISED ||
	       (status->phase == DISCIPLINE_HOLDING_OVER && d->event == DISCIPLINE_NO_ANSWER);
}

/*
 * How far from UTC the clock is at most: as far as its reference is, by the servers' word, and as
 * far as it is from that, by ours. INT64_MAX if that is not known.
 */
static dur_ns error_of(const struct steering *s, const struct discipline_status *status)
{
	const dur_ns offset = status->offset < 0 ? -status->offset : status->offset;

	return drift_add(s->reference_error, drift_add(offset, status->max_error));
}

static int claim(struct steering *s, dur_ns max_error)
{
	const bool had_claimed = s->claimed;

	s->claimed = max_error != INT64_MAX;
	return s->claimed || had_claimed ? clock_claim(s->clock, max_error) : 0;
}

int steering_poll(struct steering *s, const struct combination *c, const struct measure_job *jobs,
		  struct discipline_decision *decision, struct discipline_status *status)
{
	struct discipline_poll poll = { .answered = c->rc == 0 };
	const struct follow_offset measured = { c->estimate.offset, c->estimate.max_error };
	int rc = clock_watch_look(&s->watch, poll.answered ? &measured : NULL);

	if (rc != 0) {
		return rc;
	}
	s->forgotten = poll.answered ? 0 : s->forgotten;
	rc = clock_slew_left(s->clock, &poll.slew_left);
	poll.now = clock_mono(s->clock);
	if (poll.answered) {
		poll.measurement = (struct model_measurement){
			.offset = c->estimate.offset,
			.max_error = c->estimate.max_error,
			.delay = c->estimate.delay,
		};
		s->reference_error = combine_reference_error(c, jobs);
	}
	discipline_poll(&s->discipline, &poll, decision);
	discipline_status(&s->discipline, poll.now, left_after(decision, poll.slew_left), status);
	if (rc == 0) {
		rc = apply(s, decision);
	}
	if (rc == 0 && decision->action == DISCIPLINE_STEP) {
		clock_watch_stepped(&s->watch, &measured, decision->correction);
	}
	if (rc == 0) {
		rc = claim(s, is_known(decision, status) ? error_of(s, status) : INT64_MAX);
	}
	return rc;
}

/* Once is a person's hand; so often in a row is a program. */
#define FORGOTTEN_MOST 3

int steering_forget(struct steering *s)
{
	int64_t frequency_ppb;
	int rc = claim(s, INT64_MAX);

	if (rc == 0 && ++s->forgotten > FORGOTTEN_MOST) {
		rc = -EBUSY;
	}
	if (rc == 0) {
		rc = clock_frequency(s->clock, &frequency_ppb);
	}
	if (rc != 0) {
		return rc;
	}
	discipline_forget(&s->discipline, frequency_ppb, clock_mono(s->clock));
	return clock_watch_begin(&s->watch, s->clock);
}

int64_t steering_rate_ppb(const struct steering *s)
{
	return s->discipline.model.rate_ppb;
}

int steering_end(struct steering *s)
{
	return claim(s, INT64_MAX);
}
