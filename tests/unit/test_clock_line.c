/* SPDX-License-Identifier: BSD-3-Clause */
/* The arithmetic of a software clock: exact values, limits, and what holds for any line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/clock_file.h"
#include "core/clock_line.h"
#include "tests/support/random.h"

#define CASES 100000

/* 2024-01-01T00:00:00Z */
#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)

static void offset_is_kept(void **state)
{
	const struct clock_line line = { .base_real = NEW_YEAR,
					 .base_value = NEW_YEAR + 2500 * NS_PER_MS };

	(void)state;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR), NEW_YEAR + 2500 * NS_PER_MS);
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 7), NEW_YEAR + 2500 * NS_PER_MS + 7);
	assert_int_equal(clock_line_reading(&line, NEW_YEAR - 7), NEW_YEAR + 2500 * NS_PER_MS - 7);
	assert_int_equal(clock_line_slew_left(&line, NEW_YEAR + 7), 0);
}

static void drift_is_exact_over_years(void **state)
{
	const dur_ns year = 31536000 * NS_PER_SEC;
	struct clock_line line = { .base_real = NEW_YEAR, .base_value = NEW_YEAR };

	(void)state;
	line.drift_ppb = 50000; /* 50 ppm: 4.32 s a day */
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 86400 * NS_PER_SEC) - NEW_YEAR,
			 86404 * NS_PER_SEC + 320 * NS_PER_MS);
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 10 * year) - NEW_YEAR,
			 10 * year + 15768 * NS_PER_SEC);
	line.drift_ppb = -50000;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 10 * year) - NEW_YEAR,
			 10 * year - 15768 * NS_PER_SEC);
	line.drift_ppb = 1;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + year) - NEW_YEAR,
			 year + 31536 * NS_PER_US);
	line.drift_ppb = DRIFT_NAMED_PPB;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 10) - NEW_YEAR, 11);
}

/* The opposite frequency returns exactly the time that a drift has lost. */
static void frequency_makes_up_for_drift(void **state)
{
	const dur_ns year = 31536000 * NS_PER_SEC;
	struct clock_line line = { .base_real = NEW_YEAR,
				   .base_value = NEW_YEAR,
				   .drift_ppb = 80000,
				   .frequency_ppb = -80000 };

	(void)state;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 10 * year), NEW_YEAR + 10 * year);
	line.frequency_ppb = -79999;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + year) - NEW_YEAR,
			 year + 31536 * NS_PER_US);
	line.drift_ppb = 0;
	line.frequency_ppb = DRIFT_CORRECTABLE_PPB;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR - NS_PER_SEC) - NEW_YEAR,
			 -NS_PER_SEC - 100 * NS_PER_MS);
}

static void slew_runs_at_500_ppm_and_ends(void **state)
{
	struct clock_line line = { .base_real = NEW_YEAR,
				   .base_value = NEW_YEAR,
				   .slew_left = 5 * NS_PER_MS };

	(void)state;
	for (int sign = 1; sign >= -1; sign -= 2) {
		line.slew_left = sign * 5 * NS_PER_MS;
		/* not begun, even before the base */
		assert_int_equal(clock_line_reading(&line, NEW_YEAR - NS_PER_SEC),
				 NEW_YEAR - NS_PER_SEC);
		assert_int_equal(clock_line_slew_left(&line, NEW_YEAR - NS_PER_SEC),
				 line.slew_left);
		/* 1 s of it */
		assert_int_equal(clock_line_reading(&line, NEW_YEAR + NS_PER_SEC),
				 NEW_YEAR + NS_PER_SEC + sign * 500 * NS_PER_US);
		assert_int_equal(clock_line_slew_left(&line, NEW_YEAR + NS_PER_SEC),
				 sign * 4500 * NS_PER_US);
		/* done after 10 s, and no more after that */
		assert_int_equal(clock_line_slew_left(&line, NEW_YEAR + 10 * NS_PER_SEC - 1999),
				 sign);
		assert_int_equal(clock_line_slew_left(&line, NEW_YEAR + 10 * NS_PER_SEC), 0);
		assert_int_equal(clock_line_reading(&line, NEW_YEAR + 3600 * NS_PER_SEC),
				 NEW_YEAR + 3600 * NS_PER_SEC + line.slew_left);
	}
}

static void a_slew_by_frequency_ends_on_time(void **state)
{
	struct clock_line line = { .base_real = NEW_YEAR,
				   .base_value = NEW_YEAR,
				   .slew_ppb = 10000000, /* 1 % */
				   .slew_until = NEW_YEAR + 2 * NS_PER_SEC };

	(void)state;
	for (int sign = 1; sign >= -1; sign -= 2) {
		line.slew_ppb = sign * 10000000;
		/* not begun, even before the base */
		assert_int_equal(clock_line_reading(&line, NEW_YEAR - NS_PER_SEC),
				 NEW_YEAR - NS_PER_SEC);
		assert_int_equal(clock_line_reading(&line, NEW_YEAR + NS_PER_SEC),
				 NEW_YEAR + NS_PER_SEC + sign * 10 * NS_PER_MS);
		assert_int_equal(clock_line_slew(&line, NEW_YEAR + 2 * NS_PER_SEC - 1),
				 line.slew_ppb);
		/* and no more after its end */
		assert_int_equal(clock_line_slew(&line, NEW_YEAR + 2 * NS_PER_SEC), 0);
		assert_int_equal(clock_line_reading(&line, NEW_YEAR + 3600 * NS_PER_SEC),
				 NEW_YEAR + 3600 * NS_PER_SEC + sign * 20 * NS_PER_MS);
	}
	/* The rate beside it goes on. */
	line.frequency_ppb = 5000;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 100 * NS_PER_SEC),
			 NEW_YEAR + 100 * NS_PER_SEC - 20 * NS_PER_MS + 500 * NS_PER_US);
	/* One whose end was before the base is none. */
	line.slew_until = NEW_YEAR - NS_PER_SEC;
	assert_int_equal(clock_line_reading(&line, NEW_YEAR + 100 * NS_PER_SEC),
			 NEW_YEAR + 100 * NS_PER_SEC + 500 * NS_PER_US);
}

static void readings_are_clamped(void **state)
{
	const struct clock_line late = { .base_real = 0, .base_value = TS_LIMIT - 5 };
	const struct clock_line early = { .base_real = NEW_YEAR, .base_value = 5 };
	const struct clock_line fast = { .base_real = 0,
					 .base_value = TS_LIMIT - 1,
					 .drift_ppb = DRIFT_NAMED_PPB,
					 .slew_left = TS_LIMIT - 1 };

	(void)state;
	assert_int_equal(clock_line_reading(&late, 4), TS_LIMIT - 1);
	assert_int_equal(clock_line_reading(&late, 5), TS_LIMIT - 1);
	assert_int_equal(clock_line_reading(&early, NEW_YEAR - 5), 0);
	assert_int_equal(clock_line_reading(&early, NEW_YEAR - 6), 0);
	assert_int_equal(clock_line_reading(&fast, TS_LIMIT - 1), TS_LIMIT - 1);
	assert_int_equal(clock_line_reading(&fast, INT64_MAX), TS_LIMIT - 1);
	assert_int_equal(clock_line_reading(&early, INT64_MIN), 0);
}

static void fields_have_ranges(void **state)
{
	const struct clock_line good = { .base_real = TS_LIMIT - 1,
					 .base_value = TS_LIMIT - 1,
					 .drift_ppb = -DRIFT_NAMED_PPB,
					 .frequency_ppb = -DRIFT_CORRECTABLE_PPB,
					 .slew_left = 1 - TS_LIMIT };
	struct clock_line line = good;

	(void)state;
	assert_true(clock_line_valid(&good));
	line.base_real = TS_LIMIT;
	assert_false(clock_line_valid(&line));
	line.base_real = -1;
	assert_false(clock_line_valid(&line));
	line = good;
	line.base_value = TS_LIMIT;
	assert_false(clock_line_valid(&line));
	line.base_value = -1;
	assert_false(clock_line_valid(&line));
	line = good;
	line.drift_ppb = DRIFT_NAMED_PPB + 1;
	assert_false(clock_line_valid(&line));
	line.drift_ppb = -DRIFT_NAMED_PPB - 1;
	assert_false(clock_line_valid(&line));
	line = good;
	line.frequency_ppb = DRIFT_CORRECTABLE_PPB;
	assert_true(clock_line_valid(&line));
	line.frequency_ppb = DRIFT_CORRECTABLE_PPB + 1;
	assert_false(clock_line_valid(&line));
	line.frequency_ppb = -DRIFT_CORRECTABLE_PPB - 1;
	assert_false(clock_line_valid(&line));
	line = good;
	line.slew_ppb = 2 * DRIFT_CORRECTABLE_PPB;
	assert_true(clock_line_valid(&line));
	line.slew_ppb = 2 * DRIFT_CORRECTABLE_PPB + 1;
	assert_false(clock_line_valid(&line));
	line.slew_ppb = -1;
	assert_false(clock_line_valid(&line));
	line.slew_ppb = INT64_MIN;
	assert_false(clock_line_valid(&line));
	line = good;
	line.slew_until = TS_LIMIT - 1;
	assert_true(clock_line_valid(&line));
	line.slew_until = TS_LIMIT;
	assert_false(clock_line_valid(&line));
	line.slew_until = -1;
	assert_false(clock_line_valid(&line));
	line = good;
	line.slew_left = TS_LIMIT;
	assert_false(clock_line_valid(&line));
	line.slew_left = -TS_LIMIT;
	assert_false(clock_line_valid(&line));
}

static struct clock_line any_line(struct random *r)
{
	const int64_t sign = random_between(r, 0, 1) ? 1 : -1;
	const ts_ns base = random_of_any_size(r, TS_LIMIT - 1);
	const int64_t frequency = random_between(r, -DRIFT_CORRECTABLE_PPB, DRIFT_CORRECTABLE_PPB);

	return (struct clock_line){
		.base_real = base,
		.base_value = random_of_any_size(r, TS_LIMIT - 1),
		.drift_ppb = random_between(r, -DRIFT_NAMED_PPB, DRIFT_NAMED_PPB),
		.frequency_ppb = frequency,
		.slew_ppb = random_between(r, -DRIFT_CORRECTABLE_PPB - frequency,
					   DRIFT_CORRECTABLE_PPB - frequency),
		.slew_until = random_between(r, 0, 3)
				      ? base + random_of_any_size(r, TS_LIMIT - 1 - base)
				      : random_of_any_size(r, TS_LIMIT - 1),
		.slew_left = sign * random_of_any_size(r, TS_LIMIT - 1),
	};
}

/* Without overflow, which the sanitizers would see, and never backwards. */
static bool is_a_clock(struct random *r)
{
	struct clock_line line = any_line(r);
	ts_ns earlier = random_of_any_size(r, TS_LIMIT - 1);
	ts_ns later = earlier + random_of_any_size(r, TS_LIMIT - 1 - earlier);
	ts_ns first = clock_line_reading(&line, earlier);
	ts_ns second = clock_line_reading(&line, later);

	return clock_line_valid(&line) && ts_valid(first) && ts_valid(second) && first <= second;
}

/* Not even by the roundings of a drift and a slew that fall together. */
static void a_slowed_clock_never_goes_back(void **state)
{
	const struct clock_line line = { .base_real = NEW_YEAR,
					 .base_value = NEW_YEAR,
					 .drift_ppb = -DRIFT_NAMED_PPB,
					 .frequency_ppb = DRIFT_CORRECTABLE_PPB / 2,
					 .slew_ppb = -3 * DRIFT_CORRECTABLE_PPB / 2,
					 .slew_until = NEW_YEAR + 50000,
					 .slew_left = -NS_PER_SEC };
	ts_ns last = 0;

	(void)state;
	for (dur_ns dt = -100000; dt < 100000; dt++) {
		ts_ns reading = clock_line_reading(&line, NEW_YEAR + dt);

		assert_true(reading >= last);
		last = reading;
	}
}

/* Moving the base changes neither the reading there nor the total of the slew. */
static bool rebase_is_seamless(struct random *r)
{
	struct clock_line line = any_line(r);
	ts_ns at = random_of_any_size(r, TS_LIMIT - 1);
	struct clock_line moved = clock_line_rebase(&line, at);

	return clock_line_valid(&moved) && moved.base_real == at &&
	       moved.drift_ppb == line.drift_ppb && moved.frequency_ppb == line.frequency_ppb &&
	       clock_line_slew(&moved, at) == clock_line_slew(&line, at) &&
	       clock_line_reading(&moved, at) == clock_line_reading(&line, at) &&
	       clock_line_slew_left(&moved, at) == clock_line_slew_left(&line, at);
}

/* A clock that is rebased again and again ends where one that was left alone does. */
static bool rebasing_loses_at_most_1_ns_each(struct random *r)
{
	struct clock_line line = { .base_real = NEW_YEAR, .base_value = NEW_YEAR };
	struct clock_line left_alone;
	ts_ns at = NEW_YEAR;
	dur_ns lost;

	line.drift_ppb = random_between(r, -DRIFT_NAMED_PPB, DRIFT_NAMED_PPB);
	line.frequency_ppb = random_between(r, -DRIFT_CORRECTABLE_PPB, DRIFT_CORRECTABLE_PPB);
	line.slew_ppb = random_between(r, -DRIFT_CORRECTABLE_PPB - line.frequency_ppb,
				       DRIFT_CORRECTABLE_PPB - line.frequency_ppb);
	line.slew_until = NEW_YEAR + random_of_any_size(r, 86400 * NS_PER_SEC);
	left_alone = line;
	for (int i = 0; i < 10; i++) {
		at += random_of_any_size(r, 86400 * NS_PER_SEC);
		line = clock_line_rebase(&line, at);
	}
	lost = clock_line_reading(&left_alone, at) - clock_line_reading(&line, at);
	return lost >= -10 && lost <= 10;
}

static void any_line_is_a_clock(void **state)
{
	(void)state;
	assert_true(random_holds("is_a_clock", is_a_clock, CASES));
}

static void any_line_can_be_rebased(void **state)
{
	(void)state;
	assert_true(random_holds("rebase_is_seamless", rebase_is_seamless, CASES));
	assert_true(random_holds("rebasing_loses_at_most_1_ns_each",
				 rebasing_loses_at_most_1_ns_each, CASES / 10));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(offset_is_kept),
		cmocka_unit_test(drift_is_exact_over_years),
		cmocka_unit_test(frequency_makes_up_for_drift),
		cmocka_unit_test(slew_runs_at_500_ppm_and_ends),
		cmocka_unit_test(a_slew_by_frequency_ends_on_time),
		cmocka_unit_test(readings_are_clamped),
		cmocka_unit_test(fields_have_ranges),
		cmocka_unit_test(any_line_is_a_clock),
		cmocka_unit_test(a_slowed_clock_never_goes_back),
		cmocka_unit_test(any_line_can_be_rebased),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
