/* SPDX-License-Identifier: BSD-3-Clause */
/* Quantiles: sorted whatever the order was, and of the nearest rank. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/quantile.h"
#include "tests/support/random.h"

#define CASES 20000
#define MOST  60

static void of_the_nearest_rank(void **state)
{
	static const int64_t values[] = { 10, 20, 30, 40, 50, 60, 70, 80, 90, 100 };
	static const struct {
		size_t n;
		unsigned percent;
		int64_t value;
	} cases[] = {
		{ 10, 0, 10 },  { 10, 5, 10 },   { 10, 10, 10 },   { 10, 11, 20 }, { 10, 50, 50 },
		{ 10, 51, 60 }, { 10, 95, 100 }, { 10, 100, 100 }, { 1, 0, 10 },   { 1, 50, 10 },
		{ 1, 100, 10 }, { 2, 50, 10 },   { 2, 51, 20 },    { 3, 50, 20 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(quantile_of(values, cases[i].n, cases[i].percent), cases[i].value);
	}
}

static int by_size(const void *a, const void *b)
{
	const int64_t *x = a;
	const int64_t *y = b;

	return (*x > *y) - (*x < *y);
}

/* Many of them equal, some of them extreme. */
static size_t random_values(struct random *r, int64_t *values)
{
	const size_t n = (size_t)random_between(r, 1, MOST);

	for (size_t i = 0; i < n; i++) {
		values[i] = random_between(r, 0, 9) > 0 ? random_between(r, -5, 5)
			    : random_between(r, 0, 1)   ? INT64_MAX
							: INT64_MIN;
	}
	return n;
}

static bool sorts_as_the_library_does(struct random *r)
{
	int64_t values[MOST], expected[MOST];
	const size_t n = random_values(r, values);

	memcpy(expected, values, sizeof(values[0]) * n);
	qsort(expected, n, sizeof(expected[0]), by_size);
	quantile_sort(values, n);
	return memcmp(values, expected, sizeof(values[0]) * n) == 0;
}

/* Enough do not exceed it, and with the next smaller one they would not be enough. */
static bool is_the_least_that_so_many_do_not_exceed(struct random *r)
{
	int64_t values[MOST];
	const size_t n = random_values(r, values);
	const unsigned percent = (unsigned)random_between(r, 1, 100);
	size_t up_to = 0, below = 0;
	int64_t q;

	quantile_sort(values, n);
	q = quantile_of(values, n, percent);
	for (size_t i = 0; i < n; i++) {
		up_to += values[i] <= q;
		below += values[i] < q;
	}
	return up_to * 100 >= n * percent && below * 100 < n * percent;
}

static void sorting(void **state)
{
	(void)state;
	quantile_sort(NULL, 0);
	assert_true(random_holds("sorting", sorts_as_the_library_does, CASES));
}

static void ranks(void **state)
{
	(void)state;
	assert_true(random_holds("rank", is_the_least_that_so_many_do_not_exceed, CASES));
}

/* Of 1, 2, 3 ... n it is the rank itself: n * percent / 100, rounded up, and at least 1. */
static void ranks_of_many(void **state)
{
	static const size_t counts[] = { 99, 100, 101, 150, 199, 200, 1000, 1099 };
	static int64_t values[1100];

	(void)state;
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		values[i] = (int64_t)i + 1;
	}
	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		for (unsigned percent = 0; percent <= 100; percent++) {
			size_t rank = (counts[i] * percent + 99) / 100;

			assert_int_equal(quantile_of(values, counts[i], percent),
					 rank > 0 ? rank : 1);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_the_nearest_rank),
		cmocka_unit_test(sorting),
		cmocka_unit_test(ranks),
		cmocka_unit_test(ranks_of_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
