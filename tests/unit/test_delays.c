/* SPDX-License-Identifier: BSD-3-Clause */
/* Likely errors by delays: worked examples, and what must hold for any. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/delays.h"
#include "tests/support/random.h"

#define CASES 2000

static dur_ns error_after(struct delays *d, dur_ns delay)
{
	delays_add(d, delay);
	return delays_error(d);
}

static void without_measurements_there_is_none(void **state)
{
	const struct delays d = { .count = 0 };

	(void)state;
	assert_int_equal(delays_error(&d), 0);
}

/* 200 us / 2^n until the least delay is known; then what timestamps are wrong by is left. */
static void the_first_ones_are_vague(void **state)
{
	struct delays d = { .count = 0 };

	(void)state;
	assert_int_equal(error_after(&d, 200000), (100000 + 300) / 5 * 2);
	assert_int_equal(error_after(&d, 200000), (50000 + 300) / 5 * 2);
	assert_int_equal(error_after(&d, 200000), (25000 + 300) / 5 * 2);
	for (int i = 0; i < 20; i++) {
		delays_add(&d, 200000);
	}
	assert_int_equal(delays_error(&d), 120);
}

/* The least is 1000 us, half of the others have 40 us more, so 20 us are usual. */
static void a_late_one_counts_as_it_is_late(void **state)
{
	struct delays d = { .count = 0 };

	(void)state;
	for (int i = 0; i < DELAYS_KEPT / 2; i++) {
		delays_add(&d, 1000000);
		delays_add(&d, 1040000);
	}
	delays_add(&d, 1040000);
	assert_int_equal(delays_error(&d), (40000 + 20000 + 300) / 5 * 2);
	assert_int_equal(error_after(&d, 301000000), (300000000 + 20000 + 300) / 5 * 2);
}

/* Seven of 64 are more than a tenth; six are taken for too good to be true. */
static void a_few_early_ones_do_not_count(void **state)
{
	struct delays d = { .count = 0 };

	(void)state;
	for (int i = 0; i < DELAYS_KEPT; i++) {
		delays_add(&d, i < 7 ? 1000 : 9001000);
	}
	assert_true(delays_error(&d) > 9000000 * 2 / 5);
	assert_int_equal(error_after(&d, 9001000), 120);
	assert_int_equal(error_after(&d, 10), 120);
}

/* It is never 0, and never more than half of the delay, but for what timestamps are wrong by. */
static bool is_within_the_bound(struct random *r)
{
	struct delays d = { .count = 0 };
	const int64_t n = random_between(r, 1, 3 * DELAYS_KEPT);

	for (int64_t i = 0; i < n; i++) {
		const dur_ns delay = random_of_any_size(r, TS_LIMIT - 1);
		const dur_ns error = error_after(&d, delay);

		/* The others may have been later by far. */
		if (error < 120 || (i == 0 && error > delay / 2 + 120)) {
			return false;
		}
	}
	return true;
}

static void bounds_hold(void **state)
{
	(void)state;
	assert_true(random_holds("is_within_the_bound", is_within_the_bound, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_measurements_there_is_none),
		cmocka_unit_test(the_first_ones_are_vague),
		cmocka_unit_test(a_late_one_counts_as_it_is_late),
		cmocka_unit_test(a_few_early_ones_do_not_count),
		cmocka_unit_test(bounds_hold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
