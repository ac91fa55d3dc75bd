/* SPDX-License-Identifier: BSD-3-Clause */
/* The arithmetic of rates: exact values, cuts, and that it is exact rounding wherever it fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/arith.h"
#include "core/drift.h"
#include "tests/support/random.h"

#define CASES 200000

static void assert_drift(dur_ns d, int64_t ppb, dur_ns expected)
{
	if (drift_over(d, ppb) != expected) {
		fail_msg("%lld ns at %lld ppb: %lld", (long long)d, (long long)ppb,
			 (long long)drift_over(d, ppb));
	}
}

static void worked_examples(void **state)
{
	(void)state;
	assert_drift(0, INT64_MAX, 0);
	assert_drift(INT64_MIN, 0, 0);
	assert_drift(NS_PER_SEC, 15000, 15 * NS_PER_US); /* RFC 5905's PHI */
	assert_drift(86400 * NS_PER_SEC, 50000, 4320 * NS_PER_MS);
	assert_drift(-86400 * NS_PER_SEC, 50000, -4320 * NS_PER_MS);
	assert_drift(86400 * NS_PER_SEC, -50000, -4320 * NS_PER_MS);
	assert_drift(-86400 * NS_PER_SEC, -50000, 4320 * NS_PER_MS);
	/* away from zero */
	assert_drift(1, 1, 1);
	assert_drift(-1, 1, -1);
	assert_drift(1, -1, -1);
	assert_drift(NS_PER_SEC + 1, 1, 2);
	assert_drift(NS_PER_SEC, 1, 1);
}

static void what_does_not_fit_is_cut(void **state)
{
	(void)state;
	assert_drift(INT64_MAX, NS_PER_SEC, INT64_MAX);
	assert_drift(INT64_MAX, NS_PER_SEC + 1, INT64_MAX);
	assert_drift(INT64_MIN, NS_PER_SEC, -INT64_MAX);
	assert_drift(INT64_MIN, INT64_MIN, INT64_MAX);
	assert_drift(INT64_MAX, INT64_MIN, -INT64_MAX);
	assert_drift(NS_PER_SEC, INT64_MAX, INT64_MAX);
	assert_drift(NS_PER_SEC - 1, INT64_MAX, INT64_MAX - INT64_C(9223372036));
	assert_drift(INT64_MIN, 500000, INT64_C(-4611686018427388));
}

/* p / 10^9 is `q` when rounded up, for a product that may need 128 bits. */
static bool is_rounded_up(uint64_t a, uint64_t b, uint64_t q)
{
	__extension__ typedef unsigned __int128 wide;
	wide product = (wide)a * b;
	wide rounded = (product + 999999999) / 1000000000;

	return rounded > INT64_MAX ? q == INT64_MAX : q == (uint64_t)rounded;
}

static bool is_exact(struct random *r)
{
	int64_t d = random_of_any_size(r, INT64_MAX);
	int64_t ppb = random_of_any_size(r, INT64_MAX);
	dur_ns drift = drift_over(d, ppb);

	return is_rounded_up((uint64_t)d, (uint64_t)ppb, (uint64_t)drift) &&
	       drift_over(-d, ppb) == -drift && drift_over(d, -ppb) == -drift &&
	       drift_over(-d, -ppb) == drift;
}

static void it_is_exact(void **state)
{
	(void)state;
	assert_true(random_holds("is_exact", is_exact, CASES));
}

static void sums_are_cut(void **state)
{
	static const struct {
		int64_t a, b, sum;
	} cases[] = {
		{ 1, 2, 3 },
		{ -1, 2, 1 },
		{ INT64_MAX, 0, INT64_MAX },
		{ INT64_MAX, 1, INT64_MAX },
		{ INT64_MAX, INT64_MAX, INT64_MAX },
		{ INT64_MAX, -1, INT64_MAX - 1 },
		{ INT64_MIN, 0, -INT64_MAX },
		{ INT64_MIN, 5, INT64_MIN + 5 },
		{ INT64_MIN, INT64_MIN, -INT64_MAX },
		{ INT64_MIN, INT64_MAX, -1 },
		{ -INT64_MAX, -1, -INT64_MAX },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(arith_add(cases[i].a, cases[i].b), cases[i].sum);
		assert_int_equal(arith_add(cases[i].b, cases[i].a), cases[i].sum);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_examples),
		cmocka_unit_test(what_does_not_fit_is_cut),
		cmocka_unit_test(it_is_exact),
		cmocka_unit_test(sums_are_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
