/* SPDX-License-Identifier: BSD-3-Clause */
/* Summaries: what counts as converged, as a run, as a hold-over; and the sums of all that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/summary.h"
#include "tests/support/random.h"

#define BOUND (10 * NS_PER_US)
#define NEAR  (BOUND + NS_PER_US) /* as far as counts as converged */
#define FAR   (3 * BOUND)
#define MOST  101
#define CASES 20000

static struct summary_poll polls[MOST];
static size_t n;
static int64_t scratch[MOST];
static struct summary s;

static int begin(void **state)
{
	(void)state;
	n = 0;
	return 0;
}

/* Another poll, 10 s after the one before, of a clock that is kept. */
static struct summary_poll *add(dur_ns offset)
{
	struct summary_poll *p = &polls[n];

	*p = (struct summary_poll){
		.at = (ts_ns)(1000 + 10 * n) * NS_PER_SEC,
		.answered = true,
		.measured = true,
		.offset = offset,
		.delay = (dur_ns)(n + 1) * NS_PER_US,
		.max_error = BOUND,
		.steered = true,
		.event = n == 0 ? DISCIPLINE_FIRST : DISCIPLINE_TRACKING,
		.phase = DISCIPLINE_SYNCHRONISED,
		.rate_ppb = 100 * (int64_t)n,
	};
	n++;
	return p;
}

static struct summary_poll *add_unanswered(dur_ns estimate_error)
{
	struct summary_poll *p = add(0);

	p->answered = p->measured = false;
	p->event = DISCIPLINE_NO_ANSWER;
	p->phase = DISCIPLINE_HOLDING_OVER;
	p->estimate_error = estimate_error;
	return p;
}

static void add_many(size_t count, dur_ns offset)
{
	for (size_t i = 0; i < count; i++) {
		add(offset);
	}
}

/* The part of each poll, by its first letter. */
static const char *parts(void)
{
	static char text[MOST + 1];

	summary_make(&s, polls, n, scratch);
	for (size_t i = 0; i < n; i++) {
		text[i] = "-bs"[polls[i].part];
	}
	text[n] = '\0';
	return text;
}

static void converged_are_four_in_a_row_within_their_bound(void **state)
{
	(void)state;
	add(FAR);
	add(NEAR + 1);
	add_many(3, NEAR);
	add(-NEAR - 1);
	add(-NEAR);
	add_many(3, NEAR);
	add(FAR);
	assert_string_equal(parts(), "bbbbbbsssss");
	assert_int_equal(s.converged, 1);
	assert_int_equal(s.slowest, 60 * NS_PER_SEC);
	assert_int_equal(s.slowest_polls, 7);
	assert_int_equal(s.before.polls, 6);
	assert_int_equal(s.since.polls, 5);
	assert_int_equal(s.since.offset_furthest, FAR);
}

static void converged_from_the_first_poll(void **state)
{
	(void)state;
	add_many(4, 0);
	assert_string_equal(parts(), "ssss");
	assert_int_equal(s.slowest, 0);
	assert_int_equal(s.slowest_polls, 1);
}

/* The second start takes less, although more passed since the last poll of the first. */
static void the_slowest_of_two_starts(void **state)
{
	(void)state;
	add_many(2, FAR);
	add_many(4, 0);
	add(FAR)->event = DISCIPLINE_RESTART;
	add_many(4, 0);
	for (size_t i = 7; i < n; i++) {
		polls[i].at += 5 * NS_PER_SEC;
	}
	assert_string_equal(parts(), "bbssssbssss");
	assert_int_equal(s.slowest, 20 * NS_PER_SEC);
	assert_int_equal(s.slowest_polls, 3);
}

static void a_nanosecond_is_time(void **state)
{
	(void)state;
	add(FAR)->at = 7;
	add(0)->at = 8;
	add_many(3, 0);
	assert_string_equal(parts(), "bssss");
	assert_int_equal(s.slowest, 1);
}

static void three_are_not_enough(void **state)
{
	(void)state;
	add_many(3, 0);
	assert_string_equal(parts(), "bbb");
	assert_int_equal(s.converged, 0);
	assert_int_equal(s.since.polls, 0);
	assert_false(s.rate_known);
}

/* Neither counts nor interrupts a row. */
static void what_was_not_measured_is_passed_over(void **state)
{
	(void)state;
	add(FAR);
	add_many(2, 0);
	add_unanswered(INT64_MAX);
	add(3600 * NS_PER_SEC)->event = DISCIPLINE_CONTRADICTION;
	add_many(2, 0);
	add_unanswered(INT64_MAX)->answered = true;
	assert_string_equal(parts(), "bss--ss-");
	assert_int_equal(s.polls, 8);
	assert_int_equal(s.measured, 5);
	assert_int_equal(s.unanswered, 1);
	assert_int_equal(s.contradictions, 1);
	assert_int_equal(s.discordant, 1);
	assert_int_equal(s.since.offset_furthest, 0);
}

static void each_start_has_to_converge_again(void **state)
{
	(void)state;
	add_many(5, 0);
	add(FAR)->event = DISCIPLINE_RESTART;
	add_many(4, 0);
	add(FAR)->event = DISCIPLINE_FIRST;
	add(0);
	assert_string_equal(parts(), "sssssbssssbb");
	assert_int_equal(s.runs, 2);
	assert_int_equal(s.restarts, 1);
	assert_int_equal(s.converged, 2);
	assert_int_equal(s.slowest, 10 * NS_PER_SEC);
}

/* Polls before the first answer belong to the run. */
static void a_run_may_begin_without_an_answer(void **state)
{
	(void)state;
	for (int i = 0; i < 2; i++) {
		add_unanswered(INT64_MAX)->phase = DISCIPLINE_STARTING;
		add_unanswered(INT64_MAX)->phase = DISCIPLINE_STARTING;
		add(FAR)->event = DISCIPLINE_FIRST;
		add_many(4, 0);
	}
	assert_string_equal(parts(), "--bssss--bssss");
	assert_int_equal(s.runs, 2);
	assert_int_equal(s.slowest, 30 * NS_PER_SEC);
	assert_int_equal(s.holdovers, 0);
}

/* From the very next poll on; earlier measurements are forgotten. */
static void a_run_begins_where_steering_does(void **state)
{
	(void)state;
	add(0)->steered = false;
	add_many(3, 0);
	polls[1].event = DISCIPLINE_TRACKING;
	assert_string_equal(parts(), "bbbb");
	assert_int_equal(s.runs, 2);
	assert_int_equal(s.steered, 3);
}

static void what_was_handed_on_has_no_corrections(void **state)
{
	(void)state;
	for (int i = 0; i < 6; i++) {
		add(i * NS_PER_US)->steered = false;
		polls[n - 1].action = DISCIPLINE_STEP; /* means nothing there */
		polls[n - 1].correction = INT64_MAX;
	}
	assert_string_equal(parts(), "ssssss");
	assert_int_equal(s.runs, 1);
	assert_int_equal(s.steered, 0);
	assert_int_equal(s.steps, 0);
	assert_false(s.rate_known);
	assert_int_equal(s.end - s.begin, 50 * NS_PER_SEC);
}

static void spread_of_offsets_bounds_and_delays(void **state)
{
	(void)state;
	for (int i = 1; i <= 100; i++) {
		add((i % 2 ? -i : i) * 100)->max_error = BOUND + i;
	}
	parts();
	assert_int_equal(s.since.polls, 100);
	assert_int_equal(s.since.offset_p5, -9100);
	assert_int_equal(s.since.offset_p50, -100);
	assert_int_equal(s.since.offset_p95, 9000);
	assert_int_equal(s.since.offset_furthest, 10000);
	assert_int_equal(s.since.bound_p50, BOUND + 50);
	assert_int_equal(s.since.bound_most, BOUND + 100);
	assert_int_equal(s.since.delay_least, NS_PER_US);
	assert_int_equal(s.since.delay_p50, 50 * NS_PER_US);
}

static void spread_of_one_measurement_and_of_none(void **state)
{
	static const struct summary_spread none = { 0 };

	(void)state;
	memset(scratch, 0x55, sizeof(scratch));
	add(-FAR)->max_error = BOUND + 1;
	assert_string_equal(parts(), "b");
	assert_int_equal(s.before.polls, 1);
	assert_int_equal(s.before.offset_p5, -FAR);
	assert_int_equal(s.before.offset_p50, -FAR);
	assert_int_equal(s.before.offset_p95, -FAR);
	assert_int_equal(s.before.offset_furthest, -FAR);
	assert_int_equal(s.before.bound_most, BOUND + 1);
	assert_int_equal(s.before.delay_p50, NS_PER_US);
	assert_memory_equal(&s.since, &none, sizeof(none));
}

static void the_furthest_may_be_behind(void **state)
{
	(void)state;
	add(-5);
	add(-4);
	add(3);
	add(2);
	assert_string_equal(parts(), "ssss");
	assert_int_equal(s.since.offset_furthest, -5);
}

static void the_rate_counts_once_it_has_converged(void **state)
{
	(void)state;
	add(FAR)->rate_ppb = 1000000;
	add(0)->rate_ppb = 300;
	add(0)->rate_ppb = -200;
	add(0)->rate_ppb = 400;
	add(0)->rate_ppb = 250;
	add_unanswered(BOUND)->rate_ppb = 5000;
	parts();
	assert_true(s.rate_known);
	assert_int_equal(s.rate_least, -200);
	assert_int_equal(s.rate_most, 400);
	assert_int_equal(s.rate_last, 250);
}

static struct summary_poll *correct(struct summary_poll *p, enum discipline_action action,
				    dur_ns correction)
{
	p->action = action;
	p->correction = correction;
	return p;
}

/* The step turns the clock back by an hour: times are those of the clock that was put right. */
static void corrections(void **state)
{
	struct summary_poll *first = correct(add(-FAR), DISCIPLINE_STEP, -3600 * NS_PER_SEC);

	(void)state;
	first->at += 3600 * NS_PER_SEC;
	correct(add(0), DISCIPLINE_SLEW, -500);
	correct(add(0), DISCIPLINE_SLEW, 400);
	correct(add(0), DISCIPLINE_REFUSE, 0);
	correct(add(0), DISCIPLINE_FAILED, 0);
	correct(add(0), DISCIPLINE_FAILED, 0);
	parts();
	assert_int_equal(s.steps, 1);
	assert_int_equal(s.largest_step, -3600 * NS_PER_SEC);
	assert_int_equal(s.slews, 2);
	assert_int_equal(s.largest_slew, -500);
	assert_int_equal(s.refused, 1);
	assert_int_equal(s.failed, 2);
	assert_int_equal(s.begin, 1000 * NS_PER_SEC);
	assert_int_equal(s.end, 1050 * NS_PER_SEC);
	assert_int_equal(s.slowest, 10 * NS_PER_SEC);
}

/* By a nanosecond, whatever their signs. */
static void the_largest_is_that_of_the_greatest_size(void **state)
{
	static const struct {
		dur_ns one, other;
	} cases[] = { { -1, 2 }, { 500, -501 }, { -500, 501 }, { 0, -1 }, { 7, INT64_MIN } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		n = 0;
		correct(add(0), DISCIPLINE_SLEW, cases[i].one);
		correct(add(0), DISCIPLINE_SLEW, cases[i].other);
		correct(add(0), DISCIPLINE_SLEW, cases[i].one);
		parts();
		assert_int_equal(s.largest_slew, cases[i].other);
	}
}

static void correcting(dur_ns estimate)
{
	struct summary_poll *p = add(FAR);

	p->phase = DISCIPLINE_CORRECTING;
	p->estimate = estimate;
}

/* From each such poll to the next one, but not into another run, nor behind the last. */
static void how_long_it_was_corrected(void **state)
{
	static const int64_t seconds[] = { 0, 10, 21, 33, 46, 60, 75, 92 };

	(void)state;
	correcting(-50);
	correcting(40);
	add(0)->estimate = 1000;
	correcting(49);
	add(0)->event = DISCIPLINE_FIRST;
	correcting(3);
	correcting(5);
	add(0);
	for (size_t i = 0; i < n; i++) {
		polls[i].at = (1000 + seconds[i]) * NS_PER_SEC;
	}
	n--;
	parts();
	assert_int_equal(s.correcting, 5);
	assert_int_equal(s.furthest, -50);
	assert_int_equal(s.corrected_in, (10 + 11 + 15) * NS_PER_SEC);
}

static void what_lies_behind_the_polls_stays(void **state)
{
	(void)state;
	add_many(5, 0);
	polls[--n].part = SUMMARY_BEFORE;
	assert_string_equal(parts(), "ssss");
	assert_int_equal(polls[n].part, SUMMARY_BEFORE);
}

static void hold_overs(void **state)
{
	(void)state;
	add_many(4, 0);
	add_unanswered(20);
	add_unanswered(30);
	add_many(2, 0);
	add(FAR)->event = DISCIPLINE_CONTRADICTION;
	polls[n - 1].phase = DISCIPLINE_HOLDING_OVER;
	add(0);
	parts();
	assert_int_equal(s.holdovers, 2);
	assert_int_equal(s.held_polls, 3);
	assert_int_equal(s.held, 50 * NS_PER_SEC);
	assert_int_equal(s.held_longest, 30 * NS_PER_SEC);
	assert_int_equal(s.held_error, 30);
	assert_false(s.holding);
}

static void a_hold_over_after_the_first_poll(void **state)
{
	(void)state;
	add(0);
	add_unanswered(20);
	add(0);
	parts();
	assert_int_equal(s.holdovers, 1);
	assert_int_equal(s.held, 20 * NS_PER_SEC);
}

/* The polls before were not logged, or lost. */
static void a_hold_over_from_the_first_poll(void **state)
{
	(void)state;
	add_unanswered(20);
	add(0);
	parts();
	assert_int_equal(s.holdovers, 1);
	assert_int_equal(s.held_polls, 1);
	assert_int_equal(s.held, 10 * NS_PER_SEC);
	assert_int_equal(s.held_error, 20);
}

static void a_hold_over_ends_with_its_run(void **state)
{
	(void)state;
	add_many(2, 0);
	add_unanswered(20);
	add(FAR)->event = DISCIPLINE_FIRST;
	add_unanswered(INT64_MAX);
	parts();
	assert_int_equal(s.holdovers, 2);
	assert_int_equal(s.held, 20 * NS_PER_SEC);
	assert_int_equal(s.held_error, INT64_MAX);
	assert_true(s.holding);
}

/* Somebody set the clock back meanwhile: nothing is negative. */
static void a_clock_that_was_set_back(void **state)
{
	(void)state;
	add_many(2, 0);
	add_unanswered(20)->at = 0;
	add(0)->at = 5;
	add_many(3, 0);
	parts();
	assert_int_equal(s.held, 0);
	assert_int_equal(s.begin, 0);
	assert_int_equal(s.slowest, 0);

	/* And for good: the latest poll is not the last. */
	add(0)->at = 6;
	parts();
	assert_int_equal(s.end, 1060 * NS_PER_SEC);
}

static struct summary_poll random_poll(struct random *r)
{
	struct summary_poll p = {
		.at = random_of_any_size(r, TS_LIMIT - 1),
		.answered = random_between(r, 0, 3) > 0,
		.offset = random_between(r, 0, 2) > 0 ? random_between(r, -20, 20)
						      : random_of_any_size(r, TS_LIMIT - 1),
		.delay = random_of_any_size(r, TS_LIMIT - 1),
		.max_error = random_between(r, 0, 30),
		.steered = random_between(r, 0, 9) > 0,
		.event = (enum discipline_event)random_between(r, 0, DISCIPLINE_RESTART),
		.action = (enum discipline_action)random_between(r, 0, DISCIPLINE_REFUSE),
		.phase = (enum discipline_phase)random_between(r, 0, DISCIPLINE_REFUSED),
		.estimate_error = random_of_any_size(r, INT64_MAX),
		.rate_ppb = random_between(r, -100000, 100000),
	};

	p.measured = p.answered && random_between(r, 0, 3) > 0;
	p.correction = random_of_any_size(r, TS_LIMIT - 1 - p.at);
	return p;
}

static bool adds_up(const struct summary *x)
{
	const struct summary_spread *b = &x->before, *a = &x->since;

	return x->measured + x->contradictions + x->discordant + x->unanswered == x->polls &&
	       b->polls + a->polls == x->measured && x->runs >= 1 &&
	       x->converged <= x->runs + x->restarts && x->begin <= x->end &&
	       x->held_longest <= x->held && x->held >= 0 && x->held_polls >= x->holdovers &&
	       x->steps + x->slews + x->refused <= x->steered && x->steered <= x->polls &&
	       (a->polls == 0 || (a->offset_p5 <= a->offset_p50 && a->offset_p50 <= a->offset_p95));
}

static bool any_polls_add_up(struct random *r)
{
	n = (size_t)random_between(r, 1, 40);
	for (size_t i = 0; i < n; i++) {
		polls[i] = random_poll(r);
	}
	summary_make(&s, polls, n, scratch);
	return adds_up(&s);
}

static void random_polls_add_up(void **state)
{
	(void)state;
	assert_true(random_holds("sums", any_polls_add_up, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(converged_are_four_in_a_row_within_their_bound, begin),
		cmocka_unit_test_setup(converged_from_the_first_poll, begin),
		cmocka_unit_test_setup(the_slowest_of_two_starts, begin),
		cmocka_unit_test_setup(a_nanosecond_is_time, begin),
		cmocka_unit_test_setup(three_are_not_enough, begin),
		cmocka_unit_test_setup(what_was_not_measured_is_passed_over, begin),
		cmocka_unit_test_setup(each_start_has_to_converge_again, begin),
		cmocka_unit_test_setup(a_run_may_begin_without_an_answer, begin),
		cmocka_unit_test_setup(a_run_begins_where_steering_does, begin),
		cmocka_unit_test_setup(what_was_handed_on_has_no_corrections, begin),
		cmocka_unit_test_setup(spread_of_offsets_bounds_and_delays, begin),
		cmocka_unit_test_setup(spread_of_one_measurement_and_of_none, begin),
		cmocka_unit_test_setup(the_furthest_may_be_behind, begin),
		cmocka_unit_test_setup(the_rate_counts_once_it_has_converged, begin),
		cmocka_unit_test_setup(corrections, begin),
		cmocka_unit_test_setup(the_largest_is_that_of_the_greatest_size, begin),
		cmocka_unit_test_setup(how_long_it_was_corrected, begin),
		cmocka_unit_test_setup(what_lies_behind_the_polls_stays, begin),
		cmocka_unit_test_setup(hold_overs, begin),
		cmocka_unit_test_setup(a_hold_over_after_the_first_poll, begin),
		cmocka_unit_test_setup(a_hold_over_from_the_first_poll, begin),
		cmocka_unit_test_setup(a_hold_over_ends_with_its_run, begin),
		cmocka_unit_test_setup(a_clock_that_was_set_back, begin),
		cmocka_unit_test(random_polls_add_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
