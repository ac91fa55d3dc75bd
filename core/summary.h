/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Summary of how a clock was kept, poll by poll: its offset before and after it had converged, its
 * rate, its corrections, and the hold-over times. Pure.
 *
 * A run begins with the first poll, and wherever tracking started again: with a phase of starting,
 * or with a first measurement. A run, and a restart within one, is a start: from there on the clock
 * has to settle. It has converged from the first of SUMMARY_CONVERGED measurements in a row that
 * lie within their own bound and SUMMARY_RESOLUTION, so it is as right as corrections can make it;
 * until the next start.
 */
#ifndef CORE_SUMMARY_H
#define CORE_SUMMARY_H

#include <stddef.h>

#include "core/discipline.h"

#define SUMMARY_CONVERGED  4
#define SUMMARY_RESOLUTION NS_PER_US /* of corrections, see discipline_default_limits */

/* Which measurements a poll's belongs to. */
enum summary_part {
	SUMMARY_UNUSED, /* none: there was no measurement, or it contradicted all before it */
	SUMMARY_BEFORE, /* the clock had not converged */
	SUMMARY_SINCE,  /* it had */
};

/* One poll, as it was logged. */
struct summary_poll {
	ts_ns at;        /* by the local clock, before the correction; valid, and so after a step */
	ts_ns system_at; /* by the system clock, at the same instant; 0: not known */
	bool answered;   /* by a server at least */
	bool measured;   /* a majority of them agreed; or else the next three mean nothing */
	dur_ns offset;   /* remote minus local, |offset| < 2^62 */
	dur_ns delay, max_error;
	bool steered; /* else the measurement was passed on, and the following fields have no
			 meaning */
	enum discipline_event event;
	enum discipline_action action;
	enum discipline_phase phase;
	dur_ns correction;     /* to the local clock */
	dur_ns estimate;       /* offset by all that was known */
	dur_ns estimate_error; /* its bound; INT64_MAX if unknown */
	int64_t rate_ppb;      /* the loss of the uncorrected clock */

	enum summary_part part; /* found by summary_make */
};

/* How measurements spread. Without any all is 0. */
struct summary_spread {
	size_t polls;
	dur_ns offset_p5, offset_p50, offset_p95;
	dur_ns offset_furthest; /* the one of greatest size */
	dur_ns bound_p50, bound_most;
	dur_ns delay_least, delay_p50;
};

struct summary {
	ts_ns begin, end; /* the earliest poll and the latest */
	size_t polls;
	size_t measured;       /* of the polls; the sum of these four is `polls` */
	size_t contradictions; /* measured, but not used */
	size_t discordant;     /* answered, but no majority agreed */
	size_t unanswered;

	size_t runs, restarts;
	size_t converged;     /* of the starts */
	dur_ns slowest;       /* how long the slowest of these took, by the clock itself */
	size_t slowest_polls; /* in polls, the last of them the first that had converged */
	struct summary_spread before, since;

	bool rate_known;                          /* it is once the clock has converged */
	int64_t rate_last, rate_least, rate_most; /* ppb; since then */

	size_t steered; /* polls */
	size_t steps, slews, refused, failed;
	dur_ns largest_step, largest_slew; /* with their signs; 0 if there was none */

	size_t correcting;   /* polls that found the clock off by more than its bound, */
	dur_ns corrected_in; /* how long it was, from each of them to the next poll */
	dur_ns furthest;     /* the greatest offset then, with its sign */

	size_t holdovers;    /* times that nothing could be believed, after a correction */
	size_t held_polls;   /* polls in them */
	dur_ns held;         /* from the last belief before to the first after each, in all */
	dur_ns held_longest; /* of one */
	dur_ns held_error;   /* the greatest bound of the offset; INT64_MAX if unknown */
	bool holding;        /* the last poll is one of them */
};

/* When the poll was, by the clock after the poll's step. */
ts_ns summary_time(const struct summary_poll *p);

/*
 * Sum up `n` > 0 polls, in the order in which they were made, and set their `part`. `scratch` has
 * room for `n` numbers.
 */
void summary_make(struct summary *out, struct summary_poll *polls, size_t n, int64_t *scratch);

#endif
