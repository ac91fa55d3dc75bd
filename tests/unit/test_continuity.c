/* SPDX-License-Identifier: BSD-3-Clause */
/* Continuity: steps, and a clock's own drift. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/continuity.h"
#include "tests/support/random.h"

#define CASES 100000

/* A reading at `mono`, in which the process was held up for `held` before and after it. */
static struct reading reading_at(int64_t mono, ts_ns shown, dur_ns held, int64_t rate_ppb)
{
	return (struct reading){
		.before = { mono - held },
		.after = { mono + held },
		.shown = shown,
		.rate_ppb = rate_ppb,
	};
}

static dur_ns step_of(struct reading from, struct reading to)
{
	return continuity_step(&from, &to);
}

/* 10 ms within a round of 20 ms, forward and back. */
static void a_step_in_a_round_is_seen(void **state)
{
	const struct reading from = reading_at(0, 1000 * NS_PER_SEC, 100, 0);
	const ts_ns then = from.shown + 20 * NS_PER_MS;

	(void)state;
	assert_int_equal(step_of(from, reading_at(20 * NS_PER_MS, then, 100, 0)), 0);
	/* 1000 ppm of 20 ms, and what the readings themselves took, may be no step. */
	assert_int_equal(step_of(from, reading_at(20 * NS_PER_MS, then + 10 * NS_PER_MS, 100, 0)),
			 10 * NS_PER_MS - 20200 - 1);
	assert_int_equal(step_of(from, reading_at(20 * NS_PER_MS, then - 10 * NS_PER_MS, 100, 0)),
			 -10 * NS_PER_MS + 20200);
}

static void the_rate_is_no_step(void **state)
{
	const struct reading from = reading_at(0, 1000 * NS_PER_SEC, 100, 100000000);
	const ts_ns fast = from.shown + 1100 * NS_PER_MS;

	(void)state;
	assert_int_equal(step_of(from, reading_at(NS_PER_SEC, fast, 100, 100000000)), 0);
	/* The same clock at a steady 0 % would have leapt by 100 ms; less what a slew may do. */
	assert_int_equal(step_of(reading_at(0, from.shown, 100, 0),
				 reading_at(NS_PER_SEC, fast, 100, 0)) > 98 * NS_PER_MS,
			 1);
	/* It was set to another rate meanwhile, nobody knows when. */
	assert_int_equal(step_of(from, reading_at(NS_PER_SEC, fast, 100, -100000000)), 0);
	assert_int_equal(
		step_of(from, reading_at(NS_PER_SEC, fast - 200 * NS_PER_MS, 100, -100000000)), 0);
}

/*
 * Either of the two readings may have been the earlier. They are at most 250 ns apart, so 1000 ppm
 * of that are less than 1 ns: a microsecond is rounding, and one nanosecond more is a step.
 */
static void the_smallest_step(void **state)
{
	const struct reading from = reading_at(0, NS_PER_SEC, 100, 0);
	static const struct {
		dur_ns gained, step;
	} cases[] = { { -1001, -1001 }, { -1000, 0 }, { 1251, 0 }, { 1252, 1001 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			step_of(from, reading_at(50, NS_PER_SEC + cases[i].gained, 100, 0)),
			cases[i].step);
	}
	/* One that is 10 % fast has gained no less. */
	assert_int_equal(step_of(reading_at(0, NS_PER_SEC, 100, 100000000),
				 reading_at(50, NS_PER_SEC - 1001, 100, 100000000)),
			 -1001);
}

static void a_process_held_up_is_no_step(void **state)
{
	const struct reading from = reading_at(0, 1000 * NS_PER_SEC, 100, 0);

	(void)state;
	assert_int_equal(step_of(from, reading_at(20 * NS_PER_MS, from.shown + 120 * NS_PER_MS,
						  100 * NS_PER_MS, 0)),
			 0);
}

static void extremes_are_cut(void **state)
{
	const struct reading from = reading_at(0, 0, 0, INT64_C(100000000));
	const struct reading to = reading_at(INT64_MAX, TS_LIMIT - 1, 0, INT64_C(100000000));

	(void)state;
	assert_true(step_of(from, to) < 0);
	assert_true(step_of(from, reading_at(1, TS_LIMIT - 1, 0, 0)) > 0);
}

/* An honest clock, of whatever rate, slewed or not, and read however slowly. */
static bool an_honest_clock_is_left_alone(struct random *r)
{
	const int64_t rate = random_between(r, -100000000, 100000000);
	const int64_t slew = random_between(r, -1, 1) * 500000;
	const dur_ns between = random_of_any_size(r, 3600 * NS_PER_SEC);
	const dur_ns gained = between + between / NS_PER_SEC * (rate + slew) +
			      between % NS_PER_SEC * (rate + slew) / NS_PER_SEC;
	const dur_ns held = random_of_any_size(r, NS_PER_SEC);
	struct reading from = reading_at(NS_PER_SEC, 1000 * NS_PER_SEC, 0, rate);
	struct reading to = reading_at(NS_PER_SEC + between, from.shown + gained, 0, rate);

	from.before.ns -= random_between(r, 0, held);
	from.after.ns += random_between(r, 0, held);
	to.before.ns -= random_between(r, 0, held);
	to.after.ns += random_between(r, 0, held);
	return continuity_step(&from, &to) == 0;
}

static void no_honest_clock_is_refused(void **state)
{
	(void)state;
	assert_true(random_holds("honest", an_honest_clock_is_left_alone, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_in_a_round_is_seen),
		cmocka_unit_test(the_rate_is_no_step),
		cmocka_unit_test(the_smallest_step),
		cmocka_unit_test(a_process_held_up_is_no_step),
		cmocka_unit_test(extremes_are_cut),
		cmocka_unit_test(no_honest_clock_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
