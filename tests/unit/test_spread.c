/* SPDX-License-Identifier: BSD-3-Clause */
/* How numbers spread: the sums, and that the intervals of confidence hold as often as they say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/spread.h"
#include "tests/support/random.h"

static struct spread spread_of(const int64_t *values, size_t n)
{
	int64_t copy[1000];
	struct spread s;

	memcpy(copy, values, n * sizeof(*values));
	spread_make(&s, copy, n);
	return s;
}

static void of_a_few(void **state)
{
	static const int64_t values[] = { 900, 100, 200, 500, 300 };
	const struct spread s = spread_of(values, 5);

	(void)state;
	assert_int_equal(s.n, 5);
	assert_int_equal(s.mean, 400);
	assert_int_equal(s.deviation, 316); /* the square root of 100000 */
	assert_int_equal(s.least, 100);
	assert_int_equal(s.p5, 100);
	assert_int_equal(s.p50, 300);
	assert_int_equal(s.p95, 900);
	assert_int_equal(s.most, 900);
	/* Student's t of 4 is 2.776: 392.6. */
	assert_in_range(s.mean_error, 391, 394);
	assert_int_equal(s.p50_low, 100);
	assert_int_equal(s.p50_high, 900);
}

static void of_one_and_of_few(void **state)
{
	static const int64_t values[] = { -7, -7, 5, 5 };
	struct spread s = spread_of(values, 1);

	(void)state;
	assert_int_equal(s.mean, -7);
	assert_int_equal(s.deviation, 0);
	assert_int_equal(s.p50, -7);
	assert_int_equal(s.p50_low, -7);
	assert_int_equal(s.p50_high, -7);
	assert_int_equal(s.mean_error, INT64_MAX);
	s = spread_of(values, 4);
	assert_int_equal(s.mean, -1);
	assert_int_equal(s.deviation, 7); /* 6.93 */
	assert_int_equal(s.mean_error, INT64_MAX);
}

/* Numbers of 4e18 that differ by 1 keep all their digits. */
static void of_large_numbers(void **state)
{
	const int64_t large = INT64_C(4000000000000000000);
	const int64_t values[] = { large, large + 2, large + 4, large + 6, large + 8 };
	const struct spread s = spread_of(values, 5);
	const int64_t apart[] = { -large, large };
	const struct spread wide = spread_of(apart, 2);

	(void)state;
	assert_int_equal(s.mean, large + 4);
	assert_int_equal(s.deviation, 3);
	assert_true(wide.mean > -1000 && wide.mean < 1000);
	assert_true(wide.deviation > large);
}

/* About normal: the sum of twelve uniform numbers (mean 6000, deviation 1000). */
static int64_t normal(struct random *r)
{
	int64_t sum = 0;

	for (int i = 0; i < 12; i++) {
		sum += random_between(r, 0, 1000);
	}
	return sum;
}

static void intervals_hold_in_95_of_100_cases(void **state)
{
	enum { CASES = 4000, N = 40 };
	struct random r = random_from(1);
	int64_t values[N];
	int mean = 0, median = 0;

	(void)state;
	for (int i = 0; i < CASES; i++) {
		struct spread s;

		for (int j = 0; j < N; j++) {
			values[j] = normal(&r);
		}
		s = spread_of(values, N);
		mean += llabs(s.mean - 6000) <= s.mean_error;
		median += s.p50_low <= 6000 && 6000 <= s.p50_high;
	}
	assert_in_range(mean, CASES * 94 / 100, CASES * 96 / 100);
	assert_in_range(median, CASES * 94 / 100, CASES * 98 / 100);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_a_few),
		cmocka_unit_test(of_one_and_of_few),
		cmocka_unit_test(of_large_numbers),
		cmocka_unit_test(intervals_hold_in_95_of_100_cases),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
