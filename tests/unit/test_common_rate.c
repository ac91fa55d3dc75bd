/* SPDX-License-Identifier: BSD-3-Clause */
/* The common rate: worked examples, and that it brings the mean to 0 whoever counts. */
#include "group/core/common_rate.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CASES 2000

static int64_t next(int64_t rate, int64_t a, int64_t b, int64_t c)
{
	int64_t ppb[] = { a, b, c };

	return common_rate_next(rate, ppb, 3);
}

static void turns_against_the_mean(void **state)
{
	(void)state;
	assert_int_equal(next(0, 0, 0, 0), 0);
	assert_int_equal(next(77, 50000, -50000, 0), 77);
	assert_int_equal(next(77, 2560, 2560, 2560), 77 - 10000);
	assert_int_equal(next(0, -2560, 0, -5120), 10000);
	/* Less than 1 ppb adds up, too. */
	assert_int_equal(next(0, 2, 2, 2), -7);
}

static void nobody_is_nobody(void **state)
{
	(void)state;
	assert_int_equal(common_rate_next(1234, NULL, 0), 1234);
}

/* By 0.1 ppm at most; and not beyond 500 ppm. */
static void turns_slowly(void **state)
{
	(void)state;
	assert_int_equal(next(0, 100000, 100000, 100000), -100000);
	assert_int_equal(next(0, -100000, -100000, -100000), 100000);
	assert_int_equal(next(-COMMON_RATE_MAX + 5, 500000, 500000, 500000), -COMMON_RATE_MAX);
	assert_int_equal(next(COMMON_RATE_MAX, -500000, -500000, -500000), COMMON_RATE_MAX);
}

/* What no quartzes have in the mean is taken back by an eighth in each cycle. */
static void hastens_back_to_what_quartzes_have(void **state)
{
	(void)state;
	assert_int_equal(next(0, 500000, 500000, 500000), -100000 - 50000000);
	assert_int_equal(next(0, -500000, -500000, -500000), 100000 + 50000000);
	assert_int_equal(next(0, 100008, 100008, 100008), -100000 - 1000);
}

/* One that is 400 ppm off the others counts as if it were 100 ppm off. */
static void one_has_little_weight(void **state)
{
	(void)state;
	assert_int_equal(next(0, 0, 0, 400000), next(0, 0, 0, 100000));
	assert_int_equal(next(0, 0, 0, -400000), next(0, 0, 0, -100000));
}

/* Each member makes the turn: then what they correct by has a mean of 0 in the end. */
static bool the_mean_becomes_0(struct random *r)
{
	int64_t own[9], ppb[9], rate = 0, sum = 0;
	const size_t n = (size_t)random_between(r, 1, 9);

	for (size_t i = 0; i < n; i++) {
		own[i] = random_between(r, -40000, 40000);
	}
	for (int cycle = 0; cycle < 10000; cycle++) {
		for (size_t i = 0; i < n; i++) {
			ppb[i] = own[i] + rate / 1000;
		}
		rate = common_rate_next(rate, ppb, n);
	}
	for (size_t i = 0; i < n; i++) {
		sum += own[i] * 1000 + rate;
	}
	return sum / (int64_t)n < 2000 && sum / (int64_t)n > -2000; /* 2 ppb */
}

static void means_become_0(void **state)
{
	(void)state;
	assert_true(random_holds("the_mean_becomes_0", the_mean_becomes_0, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(turns_against_the_mean),
		cmocka_unit_test(nobody_is_nobody),
		cmocka_unit_test(turns_slowly),
		cmocka_unit_test(hastens_back_to_what_quartzes_have),
		cmocka_unit_test(one_has_little_weight),
		cmocka_unit_test(means_become_0),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
