/* SPDX-License-Identifier: BSD-3-Clause */
/* Discipline: what it decides, poll by poll, about a clock that the test leads along. */
#include "core/arith.h"
#include "core/discipline.h"
#include "tests/support/between.h"

#define CHANCE (10 * NS_PER_US) /* of each measurement */

/* A clock that runs evenly, and the last decision about it. */
struct fixture {
	struct discipline d;
	struct discipline_decision decision;
	struct mono now;
	bool synchronised; /* the servers, at polls to come */
};

static struct fixture new_fixture(const struct discipline_limits *limits)
{
	struct fixture f = { .now = { .ns = NS_PER_SEC } };

	discipline_init(&f.d, limits, 0, f.now);
	return f;
}

/* Poll, `seconds` after the last time. A slew has ended in time. */
static const struct discipline_decision *poll(struct fixture *f, int64_t seconds, bool answered,
					      dur_ns offset)
{
	const struct discipline_poll p = {
		.now = mono_add(f->now, seconds * NS_PER_SEC),
		.answered = answered,
		.synchronised = f->synchronised,
		.measurement = { .offset = offset, .max_error = NS_PER_MS, .chance = CHANCE },
	};

	if (f->decision.slew_for > 0) {
		discipline_settle(&f->d, mono_add(f->now, f->decision.slew_for));
	}
	f->now = p.now;
	discipline_poll(&f->d, &p, &f->decision);
	return &f->decision;
}

static struct discipline_status status(const struct fixture *f, int64_t seconds)
{
	struct discipline_status s;

	discipline_status(&f->d, mono_add(f->now, seconds * NS_PER_SEC), &s);
	return s;
}

static void assert_does(const struct discipline_decision *d, enum discipline_event event,
			enum discipline_action action, dur_ns correction)
{
	assert_int_equal(d->event, event);
	assert_int_equal(d->action, action);
	assert_int_equal(d->correction, correction);
}

/* Feed it a clock that loses 80 ppm and has been right to begin with, until it knows. */
static struct fixture settled(const struct discipline_limits *limits, int polls)
{
	struct fixture f = new_fixture(limits);
	dur_ns offset = 0;

	for (int i = 0; i < polls; i++) {
		const struct discipline_decision *d = poll(&f, 4, true, offset);
		int64_t lost_ppb = 80000 - d->frequency_ppb;

		offset += 4 * lost_ppb - d->correction;
	}
	return f;
}

/* --- the first correction --------------------------------------------------------------------- */

static void defaults_are_those_of_policy(void **state)
{
	const struct discipline_limits *l = &discipline_default_limits;

	(void)state;
	assert_int_equal(l->first.max_change, policy_default_limits.max_change);
	assert_int_equal(l->first.step_above, policy_default_limits.step_above);
	assert_int_equal(l->first.resolution, policy_default_limits.resolution);
	assert_int_equal(l->first.slew_ppb, policy_default_limits.slew_ppb);
	assert_int_equal(l->first.force, policy_default_limits.force);
	assert_true(0 < l->min_poll && l->min_poll <= l->max_poll);
}

static void a_clock_that_is_far_off_is_stepped_once(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.first.max_change = 7200 * NS_PER_SEC;
	f = new_fixture(&l);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_STARTING);
	assert_int_equal(status(&f, 0).max_error, INT64_MAX);
	assert_does(poll(&f, 0, true, -3600 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_STEP,
		    -3600 * NS_PER_SEC);
	assert_int_equal(f.decision.reason, POLICY_LARGE);
	assert_false(f.decision.set_frequency);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_SYNCHRONISED);
	assert_int_equal(status(&f, 0).offset, 0);
	assert_int_equal(status(&f, 0).max_error, NS_PER_MS);
	assert_int_equal(poll(&f, 4, true, 300 * NS_PER_US)->action, DISCIPLINE_SLEW);
	assert_between(299 * NS_PER_US, f.decision.correction, 300 * NS_PER_US);
}

static void a_clock_that_is_near_is_slewed(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	/* 2 s at 500 ppm, and the rest later */
	assert_does(poll(&f, 0, true, 100 * NS_PER_MS), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    NS_PER_MS);
	assert_int_equal(f.decision.reason, POLICY_SMALL);
	assert_int_equal(f.decision.next_poll, 2 * NS_PER_SEC);
	assert_true(f.decision.thorough);
	assert_int_equal(status(&f, 2).offset, 99 * NS_PER_MS);
	assert_does(poll(&f, 2, true, 99 * NS_PER_MS), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    NS_PER_MS);
}

static void a_clock_that_is_right_is_left_alone(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	assert_does(poll(&f, 0, true, 999), DISCIPLINE_FIRST, DISCIPLINE_NONE, 0);
	assert_int_equal(f.decision.reason, POLICY_ALREADY_RIGHT);
	assert_does(poll(&f, 4, true, 999), DISCIPLINE_TRACKING, DISCIPLINE_NONE, 0);
}

static void the_users_limits_hold_for_the_first(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.first.max_change = NS_PER_SEC;
	f = new_fixture(&l);
	for (int i = 0; i < 2; i++) { /* and again as long as nothing was done */
		assert_does(poll(&f, 4, true, 2 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_REFUSE,
			    0);
		assert_int_equal(f.decision.reason, POLICY_OVER_MAX_CHANGE);
		assert_int_equal(status(&f, 0).phase, DISCIPLINE_REFUSED);
		assert_int_equal(status(&f, 0).offset, 2 * NS_PER_SEC);
	}
	l.first.force = POLICY_ALWAYS_STEP;
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, NS_PER_MS), DISCIPLINE_FIRST, DISCIPLINE_STEP, NS_PER_MS);
	l.first.force = POLICY_ALWAYS_SLEW;
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_SLEW, NS_PER_MS);
}

/*
 * A correction that was refused is not a first correction after a restart, unless the user says so.
 */
static void panic_is_for_the_first_too(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f = new_fixture(&l);

	(void)state;
	assert_does(poll(&f, 0, true, 1001 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_REFUSE, 0);
	assert_int_equal(f.decision.reason, POLICY_OVER_MAX_CHANGE);
	assert_false(f.decision.set_frequency);
	assert_does(poll(&f, 4, true, 999 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_STEP,
		    999 * NS_PER_SEC);
	l.panic = 0;
	f = new_fixture(&l);
	assert_int_equal(poll(&f, 0, true, TS_LIMIT / 2)->action, DISCIPLINE_STEP);
}

/* A first correction that is slewed may continue up to the allowed size, and no further. */
static void a_first_slew_may_go_on(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.max_frequency_ppb = 100000000;
	l.first.max_change = 7200 * NS_PER_SEC;
	l.first.force = POLICY_ALWAYS_SLEW;
	f = new_fixture(&l);
	assert_int_equal(poll(&f, 0, true, 3600 * NS_PER_SEC)->action, DISCIPLINE_SLEW);
	assert_int_equal(poll(&f, 2, true, 3600 * NS_PER_SEC - 166666 * NS_PER_US)->action,
			 DISCIPLINE_SLEW);
	poll(&f, 2, true, 4800 * NS_PER_SEC);
	assert_does(poll(&f, 2, true, 4800 * NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_REFUSE, 0);
}

/* The first correction, and a step that is asked for later. */
static void unsynchronised_servers_do_not_move_it_far(void **state)
{
	const dur_ns day = 86400 * NS_PER_SEC;
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.panic = 0;
	l.makestep = NS_PER_SEC;
	l.first.max_unsynchronised = day;
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, day + 1), DISCIPLINE_FIRST, DISCIPLINE_REFUSE, 0);
	assert_int_equal(f.decision.reason, POLICY_UNSYNCHRONISED);
	assert_int_equal(poll(&f, 4, true, day)->action, DISCIPLINE_STEP);
	for (int i = 0; i < 2; i++) { /* the second confirms it */
		poll(&f, 4, true, 2 * day);
	}
	assert_does(&f.decision, DISCIPLINE_RESTART, DISCIPLINE_REFUSE, 0);
	assert_int_equal(f.decision.reason, POLICY_UNSYNCHRONISED);
	f.synchronised = true;
	assert_int_equal(poll(&f, 4, true, 2 * day)->action, DISCIPLINE_STEP);
	f = new_fixture(&l);
	f.synchronised = true;
	assert_int_equal(poll(&f, 0, true, 2 * day)->action, DISCIPLINE_STEP);
}

/* --- steps after the first -------------------------------------------------------------------- */

static void later_corrections_are_stepped_if_asked(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.makestep = 100 * NS_PER_MS;
	f = settled(&l, 30);
	poll(&f, 4, true, 200 * NS_PER_SEC);
	assert_int_equal(f.decision.event, DISCIPLINE_CONTRADICTION);
	assert_int_equal(f.decision.action, DISCIPLINE_NONE);
	assert_does(poll(&f, 4, true, 200 * NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_STEP,
		    200 * NS_PER_SEC);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_SYNCHRONISED);
	assert_int_equal(status(&f, 0).offset, 0);
	poll(&f, 4, true, 0);
	assert_int_equal(f.decision.event, DISCIPLINE_TRACKING);
	poll(&f, 4, true, 1001 * NS_PER_SEC);
	assert_does(poll(&f, 4, true, 1001 * NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_REFUSE, 0);
}

static void what_is_not_larger_is_slewed(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.makestep = NS_PER_SEC;
	f = new_fixture(&l);
	assert_int_equal(poll(&f, 0, true, NS_PER_SEC)->action, DISCIPLINE_SLEW);
	f = new_fixture(&l);
	assert_int_equal(poll(&f, 0, true, NS_PER_SEC + 1)->action, DISCIPLINE_STEP);
}

static void steps_are_counted_in_measurements(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.makestep = 100 * NS_PER_MS;
	l.makestep_count = 3;
	for (int used = 1; used <= 3; used++) {
		f = new_fixture(&l);
		for (int i = 0; i < used; i++) {
			poll(&f, 4, true, 0);
		}
		poll(&f, 4, false, 0); /* which counts for nothing, as an unused poll does */
		poll(&f, 4, true, NS_PER_SEC);
		assert_int_equal(poll(&f, 4, true, NS_PER_SEC)->event, DISCIPLINE_RESTART);
		assert_int_equal(f.decision.action, used < 3 ? DISCIPLINE_STEP : DISCIPLINE_SLEW);
	}
}

/* --- tracking --------------------------------------------------------------------------------- */

static void the_rate_becomes_the_frequency(void **state)
{
	struct fixture f = settled(&discipline_default_limits, 20);
	struct discipline_status s = status(&f, 0);

	(void)state;
	assert_between(79990, s.rate_ppb, 80010);
	assert_int_equal(s.frequency_ppb, s.rate_ppb);
	assert_between(-1000, s.offset, 1000);
	assert_int_equal(s.used, 20);
	assert_int_equal(s.phase, DISCIPLINE_SYNCHRONISED);
}

static void a_rate_from_the_drift_file_is_used_at_once(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	discipline_use_rate(&f.d, 80000, 100);
	poll(&f, 0, true, 0);
	assert_true(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, 80000);
	poll(&f, 4, true, 0);
	assert_false(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, 80000);
}

/* Neither the frequency that is in force nor a single measurement says anything of the rate. */
static void a_rate_is_known_when_something_says_so(void **state)
{
	struct fixture f = { .now = { .ns = NS_PER_SEC } };

	(void)state;
	discipline_init(&f.d, &discipline_default_limits, 50000, f.now);
	assert_false(status(&f, 0).rate_known);
	poll(&f, 0, true, 0);
	assert_false(status(&f, 0).rate_known);
	poll(&f, 4, false, 0);
	assert_false(status(&f, 0).rate_known);
	poll(&f, 4, true, 0);
	assert_true(status(&f, 0).rate_known);
	discipline_forget(&f.d, 50000, f.now);
	poll(&f, 4, true, 0);
	assert_false(status(&f, 0).rate_known);

	f = new_fixture(&discipline_default_limits);
	discipline_use_rate(&f.d, 0, 100); /* of a clock that is exactly right */
	assert_true(status(&f, 0).rate_known);
}

static void the_frequency_of_the_clock_is_kept_at_first(void **state)
{
	struct fixture f = { .now = { .ns = NS_PER_SEC } };

	(void)state;
	discipline_init(&f.d, &discipline_default_limits, -12345, f.now);
	poll(&f, 0, true, NS_PER_SEC);
	assert_int_equal(f.decision.action, DISCIPLINE_STEP);
	assert_false(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, -12345);
}

/* A rate beyond any frequency correction cannot be slewed either: the slew would never end. */
static void a_rate_out_of_reach_is_refused(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f = new_fixture(&l);
	int polls = 0;

	(void)state;
	l.max_frequency_ppb = 50000;
	f = new_fixture(&l);
	do {
		poll(&f, 64, true, polls * 64 * 80 * NS_PER_US);
	} while (f.decision.action != DISCIPLINE_REFUSE && ++polls < 10);
	assert_int_equal(f.decision.action, DISCIPLINE_REFUSE);
	assert_int_equal(f.decision.reason, POLICY_OUT_OF_REACH);
	assert_int_equal(f.decision.correction, 0);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_REFUSED);
	assert_between(30000, status(&f, 0).rate_ppb, 130000);
}

/* 500 ppm for what that does in ten minutes, and the most that is allowed for what it does not. */
static void much_is_slewed_fast(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.max_frequency_ppb = 100000000;
	l.first.force = POLICY_ALWAYS_SLEW;
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, 300 * NS_PER_MS), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    NS_PER_MS);
	assert_int_equal(f.decision.slew_all, 600 * NS_PER_SEC);
	f = new_fixture(&l);
	poll(&f, 0, true, 200 * NS_PER_SEC);
	assert_int_equal(f.decision.slew_ppb, 83333000);
	assert_int_equal(f.decision.slew_for, f.decision.next_poll);
	assert_int_equal(f.decision.correction, 166666 * NS_PER_US);
	assert_between(2400, f.decision.slew_all / NS_PER_SEC, 2401);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_CORRECTING);
	l.max_slew_ppb = 250000; /* which is for all slews then */
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, 200 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    500 * NS_PER_US);
}

/* No more than the clock can: a frequency that corrects its rate leaves less for a slew. */
static void a_slew_is_what_the_clock_can(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f = { .now = { .ns = NS_PER_SEC } };

	(void)state;
	l.max_frequency_ppb = 100000000;
	l.first.force = POLICY_ALWAYS_SLEW;
	discipline_init(&f.d, &l, 99000000, f.now);
	poll(&f, 0, true, 10 * NS_PER_SEC);
	assert_int_equal(f.decision.slew_ppb, 1000000);
	f.decision.slew_for = 0;
	discipline_init(&f.d, &l, 99000000, f.now);
	poll(&f, 0, true, -10 * NS_PER_SEC);
	assert_int_equal(f.decision.slew_ppb, -83333000);
}

static void a_slew_ends_when_it_is_settled(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	poll(&f, 0, true, 300 * NS_PER_US);
	assert_true(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, 0);
	assert_int_equal(f.decision.slew_ppb, 300000);
	assert_int_equal(f.decision.slew_for, NS_PER_SEC);
	assert_int_equal(discipline_settle(&f.d, mono_add(f.now, 2 * NS_PER_SEC)), 0); /* late */
	f.decision.slew_for = 0;
	assert_int_equal(status(&f, 2).offset, -300 * NS_PER_US);
	poll(&f, 4, true, -300 * NS_PER_US);
	assert_int_equal(f.decision.event, DISCIPLINE_TRACKING);
	assert_int_equal(f.decision.correction, -300 * NS_PER_US);
}

/* 300 us in a minute are a gentle slew, and 300 us in 2 s are not: that one is over in a second. */
static void a_small_correction_takes_until_the_next_poll(void **state)
{
	struct fixture f = settled(&discipline_default_limits, 20);
	dur_ns slew;

	(void)state;
	poll(&f, 32, true, 300 * NS_PER_US);
	assert_int_equal(f.decision.action, DISCIPLINE_SLEW);
	slew = f.decision.correction;
	assert_int_equal(f.decision.slew_for, f.decision.next_poll);
	assert_between(slew - 1000, f.decision.slew_ppb * (f.decision.slew_for / NS_PER_SEC),
		       slew + 1000);
	assert_between(-20000, f.decision.slew_ppb, 20000);
}

/* What may be chance is corrected over several polls, once there were many. */
static void what_may_be_chance_is_corrected_at_leisure(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;
	dur_ns left;

	(void)state;
	l.first.resolution = 0;
	f = new_fixture(&l);
	for (int i = 0; i < 200; i++) {
		poll(&f, 64, true, 0);
	}
	poll(&f, 64, true, CHANCE);
	left = status(&f, 0).offset;
	assert_true(left != 0);
	assert_int_equal(f.decision.action, DISCIPLINE_SLEW);
	assert_int_equal(f.decision.slew_for, f.decision.next_poll);
	assert_true(f.decision.slew_all > 10 * f.decision.next_poll);
	assert_true(arith_abs(f.decision.correction) < arith_abs(left) / 10 + 100);
}

static size_t quick_polls(const struct discipline_limits *limits, dur_ns noise)
{
	struct fixture f = new_fixture(limits);
	size_t n = 0;

	while (poll(&f, 2, true, n % 3 ? noise : -noise)->thorough) {
		assert_int_equal(f.decision.next_poll, 2 * NS_PER_SEC);
		n++;
	}
	assert_true(f.decision.next_poll >= limits->min_poll);
	return n;
}

/* Whatever the interval is; the worse the measurements, the more of them it takes. */
static void polls_are_quick_until_the_rate_is_known(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f = new_fixture(&l);

	(void)state;
	assert_between(4, (int64_t)quick_polls(&l, 0), 20); /* 10 us in some seconds */
	l.min_poll = l.max_poll = 1024 * NS_PER_SEC;
	assert_between(4, (int64_t)quick_polls(&l, 0), 20);
	l.polite = true;
	assert_int_equal(quick_polls(&l, 0), 3);
	l.polite = false;
	f = new_fixture(&l);
	discipline_use_rate(&f.d, 0, 100); /* known */
	for (int i = 0; i < 3; i++) {
		assert_true(poll(&f, 2, true, 0)->thorough);
	}
	assert_false(poll(&f, 2, true, 0)->thorough);
}

/* But not for ever. */
static void quick_polls_have_an_end(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);
	struct discipline_poll p = {
		.answered = true,
		.measurement = { .max_error = 100 * NS_PER_MS, .chance = 50 * NS_PER_MS },
	};
	int n = 0;

	(void)state;
	do {
		p.now = mono_add(f.now, 2 * NS_PER_SEC);
		f.now = p.now;
		discipline_poll(&f.d, &p, &f.decision);
		n++;
	} while (f.decision.thorough);
	assert_int_equal(n, 41);
}

/* As rarely as 5 us allow while the line is straight, and more often when it bends. */
static void polls_are_as_rare_as_the_goal_allows(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;
	dur_ns offset = 0;

	(void)state;
	l.min_poll = 4 * NS_PER_SEC;
	f = new_fixture(&l);
	for (int i = 0; i < 300; i++) {
		poll(&f, i < 20 ? 2 : f.decision.next_poll / NS_PER_SEC, true, 0);
	}
	assert_int_equal(f.decision.next_poll, 64 * NS_PER_SEC);
	for (int i = 0; i < 100; i++) { /* the rate swings by 1 ppm */
		const int64_t seconds = f.decision.next_poll / NS_PER_SEC;

		offset += seconds * (i / 5 % 2 ? 1000 : -1000);
		poll(&f, seconds, true, offset - f.d.model.applied);
	}
	assert_true(f.decision.next_poll < 64 * NS_PER_SEC);
}

static void the_rate_is_saved_once_an_hour(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);
	int64_t first = -1;

	(void)state;
	for (int64_t t = 0; t < 3 * 3600; t += 60) {
		poll(&f, 60, true, 0);
		if (f.decision.save_rate) {
			assert_true(status(&f, 0).rate_chance_ppb <= 15000);
			first = first < 0 ? t : first;
			assert_int_equal((t - first) % 3600, 0);
		} else {
			assert_true(first < 0 || (t - first) % 3600 != 0);
		}
	}
	assert_between(60, first, 600);
}

/* --- holding over ----------------------------------------------------------------------------- */

static void without_answers_it_holds_over(void **state)
{
	struct fixture f = settled(&discipline_default_limits, 60);
	struct discipline_status before = status(&f, 0);
	int64_t seconds = 4;
	int64_t passed = 0;

	(void)state;
	for (int i = 0; i < 10; i++) {
		poll(&f, seconds, false, 0);
		passed += seconds;
		assert_int_equal(f.decision.event, DISCIPLINE_NO_ANSWER);
		assert_int_equal(f.decision.next_poll, (i > 4 ? 64 : 4 << i) * NS_PER_SEC);
		seconds = f.decision.next_poll / NS_PER_SEC;
		assert_int_equal(status(&f, 0).unanswered, i + 1);
	}
	struct discipline_status s = status(&f, 0);
	assert_int_equal(s.phase, DISCIPLINE_HOLDING_OVER);
	assert_int_equal(s.rate_ppb, before.rate_ppb);
	dur_ns grown = passed * (15000 + s.rate_error_ppb);
	assert_between(grown - 1000, s.max_error - before.max_error, grown + 1000);
	assert_true(s.rate_error_ppb < 15000);

	poll(&f, 4, true, 0);
	assert_int_equal(f.decision.event, DISCIPLINE_TRACKING);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_SYNCHRONISED);
	assert_int_equal(status(&f, 0).unanswered, 0);
}

static void the_rest_of_an_offset_is_slewed_without_answers(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	poll(&f, 0, true, 3 * NS_PER_MS);
	assert_int_equal(f.decision.correction, NS_PER_MS);
	assert_does(poll(&f, 2, false, 0), DISCIPLINE_NO_ANSWER, DISCIPLINE_SLEW, 2 * NS_PER_MS);
	assert_does(poll(&f, 4, false, 0), DISCIPLINE_NO_ANSWER, DISCIPLINE_NONE, 0);
}

static void nothing_is_done_before_the_first_answer(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	discipline_use_rate(&f.d, 80000, 100);
	for (int i = 0; i < 100; i++) {
		assert_does(poll(&f, 4, false, 0), DISCIPLINE_NO_ANSWER, DISCIPLINE_NONE, 0);
		assert_false(f.decision.set_frequency);
	}
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_STARTING);
	assert_does(poll(&f, 4, true, NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_STEP, NS_PER_SEC);
}

/* --- when a clock is stepped ------------------------------------------------------------------ */

static void a_single_lie_is_passed_over(void **state)
{
	struct fixture f = settled(&discipline_default_limits, 30);
	int64_t rate_ppb = status(&f, 0).rate_ppb;

	(void)state;
	assert_does(poll(&f, 4, true, NS_PER_SEC), DISCIPLINE_CONTRADICTION, DISCIPLINE_NONE, 0);
	assert_false(f.decision.set_frequency);
	assert_int_equal(f.decision.next_poll, 2 * NS_PER_SEC);
	assert_true(f.decision.thorough);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_HOLDING_OVER);
	assert_true(status(&f, 0).max_error >= NS_PER_SEC);
	poll(&f, 4, true, 0);
	assert_int_equal(f.decision.event, DISCIPLINE_TRACKING);
	assert_int_equal(status(&f, 0).used, 31);
	assert_between(rate_ppb - 100, status(&f, 0).rate_ppb, rate_ppb + 100);
	assert_true(status(&f, 0).max_error < 2 * NS_PER_MS);
}

static void a_step_by_somebody_is_slewed_back(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;
	int64_t rate_ppb;

	(void)state;
	l.max_slew_ppb = 500000;
	l.max_frequency_ppb = 100000000;
	f = settled(&l, 30);
	rate_ppb = status(&f, 0).rate_ppb;
	poll(&f, 4, true, NS_PER_SEC);
	assert_does(poll(&f, 2, true, NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_SLEW, NS_PER_MS);
	assert_int_equal(status(&f, 0).used, 1);
	assert_int_equal(status(&f, 0).rate_ppb, rate_ppb);
	assert_int_equal(status(&f, 2).offset, 999 * NS_PER_MS);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_CORRECTING);
	assert_does(poll(&f, 2, true, 999 * NS_PER_MS), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    NS_PER_MS);
}

/*
 * Measurements that contradict all earlier ones again and again are true, if they agree on one
 * rate.
 */
static void contradictions_of_one_rate_are_believed(void **state)
{
	static const int64_t rates_ppm[] = { 600, -2000, 20000, 99000, -99000 };

	(void)state;
	for (size_t i = 0; i < sizeof(rates_ppm) / sizeof(rates_ppm[0]); i++) {
		struct discipline_limits l = discipline_default_limits;
		struct fixture f;
		dur_ns offset = 0;

		l.max_frequency_ppb = 100000000;
		f = new_fixture(&l);
		for (int polls = 0; polls < 20; polls++) {
			poll(&f, 16, true, offset);
			offset += 16 * (rates_ppm[i] * 1000 - f.decision.frequency_ppb) -
				  f.decision.correction;
		}
		assert_between(rates_ppm[i] * 1000 - 2000, status(&f, 0).rate_ppb,
			       rates_ppm[i] * 1000 + 2000);
		assert_between(-2000, f.decision.frequency_ppb - status(&f, 0).rate_ppb, 2000);
	}
}

/* Nor are lies that tell no rate, however many. */
static void contradictions_of_no_rate_are_not(void **state)
{
	static const int64_t lies_ms[] = { 1000, -3000, 500, 7000, -200, 90, 4000, -9000 };
	struct fixture f = settled(&discipline_default_limits, 30);

	(void)state;
	for (size_t i = 0; i < sizeof(lies_ms) / sizeof(lies_ms[0]); i++) {
		assert_does(poll(&f, 4, true, lies_ms[i] * NS_PER_MS), DISCIPLINE_CONTRADICTION,
			    DISCIPLINE_NONE, 0);
	}
	assert_int_equal(poll(&f, 4, true, 0)->event, DISCIPLINE_TRACKING);
}

/* A server whose clock follows ours is as far ahead after a step as before. */
static void steps_without_effect_are_refused(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	assert_int_equal(poll(&f, 0, true, 2 * NS_PER_SEC)->action, DISCIPLINE_STEP);
	assert_does(poll(&f, 4, true, 2 * NS_PER_SEC), DISCIPLINE_CONTRADICTION, DISCIPLINE_NONE,
		    0);
	assert_does(poll(&f, 4, true, 2 * NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_REFUSE, 0);
	assert_int_equal(f.decision.reason, POLICY_MOVES_ALONG);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_REFUSED);
	f = new_fixture(&discipline_default_limits); /* but somebody may step it once more */
	poll(&f, 0, true, 2 * NS_PER_SEC);
	poll(&f, 4, true, NS_PER_SEC);
	assert_int_equal(poll(&f, 4, true, NS_PER_SEC)->action, DISCIPLINE_SLEW);
}

/* And a slew would go on for ever, faster and faster. */
static void slews_without_effect_are_refused(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;
	int polls = 0;

	(void)state;
	l.max_frequency_ppb = 100000000;
	f = new_fixture(&l);
	while (poll(&f, 4, true, 100 * NS_PER_MS)->action != DISCIPLINE_REFUSE && polls < 20) {
		polls++;
	}
	assert_between(2, polls, 10);
	assert_int_equal(f.decision.reason, POLICY_MOVES_ALONG);
	assert_between(-2000000, f.decision.frequency_ppb, 2000000);
}

/* An outvoted server may have influenced the result of the others. */
static void no_rate_is_known_while_one_is_outvoted(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	for (int i = 0; i < 60; i++) {
		struct discipline_poll p = {
			.now = mono_add(f.now, 60 * NS_PER_SEC),
			.answered = true,
			.outvoted = true,
			.measurement = { .max_error = NS_PER_MS, .chance = CHANCE },
		};

		f.now = p.now;
		discipline_poll(&f.d, &p, &f.decision);
		assert_false(f.decision.save_rate);
		assert_false(discipline_rate_is_known(&f.d));
	}
	poll(&f, 60, true, 0);
	assert_true(f.decision.save_rate);
	assert_true(discipline_rate_is_known(&f.d));
}

static void a_great_step_is_refused(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		l.panic = 1000 * NS_PER_SEC;
		f = settled(&l, 30);
		poll(&f, 4, true, sign * 3600 * NS_PER_SEC);
		assert_does(poll(&f, 4, true, sign * 3600 * NS_PER_SEC), DISCIPLINE_RESTART,
			    DISCIPLINE_REFUSE, 0);
		assert_int_equal(f.decision.reason, POLICY_OVER_MAX_CHANGE);
		assert_int_equal(status(&f, 0).phase, DISCIPLINE_REFUSED);
		assert_int_equal(status(&f, 0).offset, sign * 3600 * NS_PER_SEC);
		assert_int_equal(poll(&f, 4, true, sign * 3600 * NS_PER_SEC)->action,
				 DISCIPLINE_REFUSE);
		assert_int_equal(poll(&f, 4, true, 0)->event, DISCIPLINE_CONTRADICTION);
		l.panic = 0; /* no limit */
		f = settled(&l, 30);
		poll(&f, 4, true, sign * 3600 * NS_PER_SEC);
		poll(&f, 4, true, sign * 3600 * NS_PER_SEC);
		assert_does(&f.decision, DISCIPLINE_RESTART, DISCIPLINE_SLEW,
			    f.decision.correction);
		assert_true(sign * f.decision.correction > 0);
	}
}

/* --- odd things ------------------------------------------------------------------------------- */

static void extremes_do_not_overflow(void **state)
{
	static const dur_ns offsets[] = { TS_LIMIT - 1, 1 - TS_LIMIT, 0,
					  1 - TS_LIMIT, TS_LIMIT - 1, 1 - TS_LIMIT };
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.panic = 0;
	l.max_slew_ppb = INT64_MAX;
	for (int force = POLICY_AUTO; force <= POLICY_ALWAYS_SLEW; force++) {
		l.first.force = (enum policy_force)force;
		f = new_fixture(&l);
		for (size_t i = 0; i < 60; i++) {
			poll(&f, 1000000, i % 7 != 6, offsets[i % 6]);
			assert_true(status(&f, 1000000).max_error > 0);
		}
	}
}

static void events_and_phases_have_texts(void **state)
{
	(void)state;
	for (int e = DISCIPLINE_FIRST; e <= DISCIPLINE_RATE; e++) {
		assert_string_not_equal(discipline_event_text((enum discipline_event)e), "unknown");
	}
	assert_string_equal(discipline_event_text((enum discipline_event)99), "unknown");
	for (int p = DISCIPLINE_STARTING; p <= DISCIPLINE_REFUSED; p++) {
		assert_string_not_equal(discipline_phase_text((enum discipline_phase)p), "unknown");
	}
	assert_string_equal(discipline_phase_text((enum discipline_phase)99), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_policy),
		cmocka_unit_test(a_clock_that_is_far_off_is_stepped_once),
		cmocka_unit_test(a_clock_that_is_near_is_slewed),
		cmocka_unit_test(a_clock_that_is_right_is_left_alone),
		cmocka_unit_test(the_users_limits_hold_for_the_first),
		cmocka_unit_test(panic_is_for_the_first_too),
		cmocka_unit_test(unsynchronised_servers_do_not_move_it_far),
		cmocka_unit_test(a_first_slew_may_go_on),
		cmocka_unit_test(later_corrections_are_stepped_if_asked),
		cmocka_unit_test(what_is_not_larger_is_slewed),
		cmocka_unit_test(steps_are_counted_in_measurements),
		cmocka_unit_test(the_rate_becomes_the_frequency),
		cmocka_unit_test(a_rate_from_the_drift_file_is_used_at_once),
		cmocka_unit_test(a_rate_is_known_when_something_says_so),
		cmocka_unit_test(the_frequency_of_the_clock_is_kept_at_first),
		cmocka_unit_test(a_rate_out_of_reach_is_refused),
		cmocka_unit_test(much_is_slewed_fast),
		cmocka_unit_test(a_slew_is_what_the_clock_can),
		cmocka_unit_test(a_slew_ends_when_it_is_settled),
		cmocka_unit_test(a_small_correction_takes_until_the_next_poll),
		cmocka_unit_test(what_may_be_chance_is_corrected_at_leisure),
		cmocka_unit_test(polls_are_quick_until_the_rate_is_known),
		cmocka_unit_test(quick_polls_have_an_end),
		cmocka_unit_test(polls_are_as_rare_as_the_goal_allows),
		cmocka_unit_test(the_rate_is_saved_once_an_hour),
		cmocka_unit_test(without_answers_it_holds_over),
		cmocka_unit_test(the_rest_of_an_offset_is_slewed_without_answers),
		cmocka_unit_test(nothing_is_done_before_the_first_answer),
		cmocka_unit_test(a_single_lie_is_passed_over),
		cmocka_unit_test(a_step_by_somebody_is_slewed_back),
		cmocka_unit_test(contradictions_of_one_rate_are_believed),
		cmocka_unit_test(contradictions_of_no_rate_are_not),
		cmocka_unit_test(steps_without_effect_are_refused),
		cmocka_unit_test(slews_without_effect_are_refused),
		cmocka_unit_test(no_rate_is_known_while_one_is_outvoted),
		cmocka_unit_test(a_great_step_is_refused),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(events_and_phases_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
