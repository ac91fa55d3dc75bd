/* Discipline: what it decides, poll by poll, about a clock that the test leads along. */
#include "core/discipline.h"
#include "tests/support/between.h"

/* A clock that runs evenly, and what was decided about it last. */
struct fixture {
	struct discipline d;
	struct discipline_decision decision;
	struct mono now;
	dur_ns slew_left;
};

static struct fixture new_fixture(const struct discipline_limits *limits)
{
	struct fixture f = { .now = { .ns = NS_PER_SEC } };

	discipline_init(&f.d, limits, 0, f.now);
	return f;
}

/* Poll, `seconds` after the last time; a slew is done at once, unless the test says otherwise. */
static const struct discipline_decision *poll(struct fixture *f, int64_t seconds, bool answered,
					      dur_ns offset)
{
	const struct discipline_poll p = {
		.now = mono_add(f->now, seconds * NS_PER_SEC),
		.slew_left = f->slew_left,
		.answered = answered,
		.measurement = { .offset = offset, .max_error = NS_PER_MS, .delay = NS_PER_MS },
	};

	f->now = p.now;
	discipline_poll(&f->d, &p, &f->decision);
	return &f->decision;
}

static struct discipline_status status(const struct fixture *f, int64_t seconds)
{
	struct discipline_status s;

	discipline_status(&f->d, mono_add(f->now, seconds * NS_PER_SEC), f->slew_left, &s);
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
		int64_t lost_ppb = 80000 - f.d.model.frequency_ppb;

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
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_STARTING);
	assert_int_equal(status(&f, 0).max_error, INT64_MAX);
	assert_does(poll(&f, 0, true, -3600 * NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_STEP,
		    -3600 * NS_PER_SEC);
	assert_int_equal(f.decision.reason, POLICY_LARGE);
	assert_false(f.decision.set_frequency);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_SYNCHRONISED);
	assert_int_equal(status(&f, 0).offset, 0);
	assert_int_equal(status(&f, 0).max_error, NS_PER_MS);
	assert_does(poll(&f, 4, true, 300 * NS_PER_US), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    300 * NS_PER_US);
}

static void a_clock_that_is_near_is_slewed(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	/* 4 s at 500 ppm, and the rest later */
	assert_does(poll(&f, 0, true, 100 * NS_PER_MS), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    2 * NS_PER_MS);
	assert_int_equal(f.decision.reason, POLICY_SMALL);
	assert_int_equal(f.decision.next_poll, 4 * NS_PER_SEC);
	assert_int_equal(status(&f, 4).offset, 98 * NS_PER_MS);
	assert_does(poll(&f, 4, true, 98 * NS_PER_MS), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    2 * NS_PER_MS);
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
	assert_does(poll(&f, 0, true, NS_PER_SEC), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    2 * NS_PER_MS);
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
	discipline_use_rate(&f.d, 80000);
	poll(&f, 0, true, 0);
	assert_true(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, 80000);
	poll(&f, 4, true, 0);
	assert_false(f.decision.set_frequency);
	assert_int_equal(f.decision.frequency_ppb, 80000);
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

static void the_frequency_has_a_limit(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.max_frequency_ppb = 50000;
	f = settled(&l, 20);
	assert_between(79000, status(&f, 0).rate_ppb, 81000);
	assert_int_equal(status(&f, 0).frequency_ppb, 50000);
	assert_int_equal(f.decision.frequency_ppb, 50000);
}

/* A slew that does what is to be done is not begun anew. */
static void a_slew_under_way_is_left_alone(void **state)
{
	struct discipline_limits l = discipline_default_limits;
	struct fixture f;

	(void)state;
	l.max_slew_ppb = 5000000;
	f = new_fixture(&l);
	assert_does(poll(&f, 0, true, 10 * NS_PER_MS), DISCIPLINE_FIRST, DISCIPLINE_SLEW,
		    10 * NS_PER_MS);
	f.slew_left = 8 * NS_PER_MS;
	assert_does(poll(&f, 4, true, 8 * NS_PER_MS), DISCIPLINE_TRACKING, DISCIPLINE_NONE, 0);
	f.slew_left = 6 * NS_PER_MS;
	assert_does(poll(&f, 4, true, 7 * NS_PER_MS + 500), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    7 * NS_PER_MS); /* in whole microseconds */
}

/* After 12 polls with nothing to correct they come half as often, up to the limit. */
static void polls_get_rarer(void **state)
{
	struct fixture f = settled(&discipline_default_limits, 20);
	const int64_t first = f.decision.next_poll / NS_PER_SEC;
	int64_t seconds = first;

	(void)state;
	assert_between(5, first, 63);
	while (seconds < 64) {
		int same = 1;

		for (; poll(&f, seconds, true, 0)->next_poll == seconds * NS_PER_SEC; same++) {
			assert_true(same < 12);
		}
		assert_int_equal(f.decision.next_poll, 2 * seconds * NS_PER_SEC);
		assert_true(same == 12 || seconds == first);
		seconds *= 2;
	}
	for (int i = 0; i < 30; i++) {
		assert_int_equal(poll(&f, seconds, true, 0)->next_poll, 64 * NS_PER_SEC);
	}
	for (int i = 0; i < 5; i++) { /* something happens, and goes on */
		poll(&f, seconds, true, (i + 1) * 900 * NS_PER_US);
	}
	assert_true(f.decision.next_poll < seconds * NS_PER_SEC);
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
	assert_int_equal(f.decision.correction, 2 * NS_PER_MS);
	assert_does(poll(&f, 4, false, 0), DISCIPLINE_NO_ANSWER, DISCIPLINE_SLEW, NS_PER_MS);
	assert_does(poll(&f, 4, false, 0), DISCIPLINE_NO_ANSWER, DISCIPLINE_NONE, 0);
}

static void nothing_is_done_before_the_first_answer(void **state)
{
	struct fixture f = new_fixture(&discipline_default_limits);

	(void)state;
	discipline_use_rate(&f.d, 80000);
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
	assert_int_equal(f.decision.next_poll, 4 * NS_PER_SEC);
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
	struct fixture f = settled(&discipline_default_limits, 30);
	int64_t rate_ppb = status(&f, 0).rate_ppb;

	(void)state;
	poll(&f, 4, true, NS_PER_SEC);
	assert_does(poll(&f, 4, true, NS_PER_SEC), DISCIPLINE_RESTART, DISCIPLINE_SLEW,
		    2 * NS_PER_MS);
	assert_int_equal(status(&f, 0).used, 1);
	assert_int_equal(status(&f, 0).rate_ppb, rate_ppb);
	assert_int_equal(status(&f, 0).offset, 998 * NS_PER_MS);
	assert_int_equal(status(&f, 0).phase, DISCIPLINE_SYNCHRONISED);
	assert_does(poll(&f, 4, true, 998 * NS_PER_MS), DISCIPLINE_TRACKING, DISCIPLINE_SLEW,
		    2 * NS_PER_MS);
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
		assert_does(poll(&f, 4, true, sign * 3600 * NS_PER_SEC), DISCIPLINE_RESTART,
			    DISCIPLINE_SLEW, sign * 2 * NS_PER_MS);
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
	for (int e = DISCIPLINE_FIRST; e <= DISCIPLINE_RESTART; e++) {
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
		cmocka_unit_test(the_rate_becomes_the_frequency),
		cmocka_unit_test(a_rate_from_the_drift_file_is_used_at_once),
		cmocka_unit_test(the_frequency_of_the_clock_is_kept_at_first),
		cmocka_unit_test(the_frequency_has_a_limit),
		cmocka_unit_test(a_slew_under_way_is_left_alone),
		cmocka_unit_test(polls_get_rarer),
		cmocka_unit_test(the_rate_is_saved_once_an_hour),
		cmocka_unit_test(without_answers_it_holds_over),
		cmocka_unit_test(the_rest_of_an_offset_is_slewed_without_answers),
		cmocka_unit_test(nothing_is_done_before_the_first_answer),
		cmocka_unit_test(a_single_lie_is_passed_over),
		cmocka_unit_test(a_step_by_somebody_is_slewed_back),
		cmocka_unit_test(a_great_step_is_refused),
		cmocka_unit_test(extremes_do_not_overflow),
		cmocka_unit_test(events_and_phases_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
