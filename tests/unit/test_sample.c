/* SPDX-License-Identifier: BSD-3-Clause */
/* Samples: refusals, and the offset, delay and bound of one exchange. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sample.h"
#include "tests/support/random.h"

#define LAST  (TS_LIMIT - 1)
#define CASES 100000

static void check_table(void **state)
{
	static const struct {
		ts_ns t1, t2, t3, t4;
		enum sample_fault fault;
	} cases[] = {
		{ 0, 0, 0, 0, SAMPLE_OK },
		{ LAST, LAST, LAST, LAST, SAMPLE_OK },
		{ 0, LAST, LAST, 0, SAMPLE_OK },
		{ 0, 0, LAST, LAST, SAMPLE_OK },
		{ -1, 0, 0, 0, SAMPLE_OUT_OF_RANGE },
		{ 0, -1, 0, 0, SAMPLE_OUT_OF_RANGE },
		{ 0, 0, -1, 0, SAMPLE_OUT_OF_RANGE },
		{ 0, 0, 0, -1, SAMPLE_OUT_OF_RANGE },
		{ TS_LIMIT, LAST, LAST, LAST, SAMPLE_OUT_OF_RANGE },
		{ LAST, TS_LIMIT, LAST, LAST, SAMPLE_OUT_OF_RANGE },
		{ LAST, LAST, TS_LIMIT, LAST, SAMPLE_OUT_OF_RANGE },
		{ LAST, LAST, LAST, TS_LIMIT, SAMPLE_OUT_OF_RANGE },
		{ INT64_MIN, INT64_MAX, INT64_MIN, INT64_MAX, SAMPLE_OUT_OF_RANGE },
		/* The client's clock went back, the server's did, or one of them leapt ahead. */
		{ 10, 5, 5, 9, SAMPLE_CLOCK_STEPPED },
		{ 10, 6, 5, 20, SAMPLE_CLOCK_STEPPED },
		{ 10, 5, 16, 20, SAMPLE_CLOCK_STEPPED },
		{ 10, 5, 15, 20, SAMPLE_OK },
		{ LAST, 0, LAST, LAST, SAMPLE_CLOCK_STEPPED },
		{ LAST, LAST, 0, 0, SAMPLE_CLOCK_STEPPED },
		/* Both clocks went back by the same: the delay alone would look right. */
		{ 20, 30, 20, 10, SAMPLE_CLOCK_STEPPED },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct sample s = {
			.t1 = cases[i].t1, .t2 = cases[i].t2, .t3 = cases[i].t3, .t4 = cases[i].t4
		};
		if (sample_check(&s) != cases[i].fault) {
			fail_msg("case %zu: fault %d", i, (int)sample_check(&s));
		}
	}
}

/*
 * Coulouris, Dollimore, Kindberg & Blair, Distributed Systems, the exercise on NTP: B receives at
 * 16:34:23.480 what A sent at 16:34:13.430, and A receives at 16:34:15.725 what B sent at
 * 16:34:25.700. There 10.05 s, back 9.975 s: B is 10.0125 s ahead, to within 37.5 ms.
 */
static void textbook_exchange(void **state)
{
	const struct sample s = {
		.kind = SAMPLE_TIMESTAMPS,
		.t1 = 13430 * NS_PER_MS,
		.t2 = 23480 * NS_PER_MS,
		.t3 = 25700 * NS_PER_MS,
		.t4 = 15725 * NS_PER_MS,
	};

	(void)state;
	assert_int_equal(sample_check(&s), SAMPLE_OK);
	assert_int_equal(sample_offset(&s), 10012500 * NS_PER_US);
	assert_int_equal(sample_delay(&s), 75 * NS_PER_MS);
	assert_int_equal(sample_bound(&s), 37500 * NS_PER_US);
}

/* Half a nanosecond: the offset goes towards zero, the bound up. */
static void rounding(void **state)
{
	const struct sample ahead = { .t1 = 10, .t2 = 16, .t3 = 16, .t4 = 11 };
	const struct sample behind = { .t1 = 16, .t2 = 11, .t3 = 11, .t4 = 17 };

	(void)state;
	assert_int_equal(sample_offset(&ahead), 5);
	assert_int_equal(sample_offset(&behind), -5);
	assert_int_equal(sample_delay(&ahead), 1);
	assert_int_equal(sample_bound(&ahead), 1);
	assert_int_equal(sample_bound(&behind), 1);
}

/* The corners of the accepted range: nothing overflows, which UBSan watches. */
static void extremes(void **state)
{
	const struct sample ahead = { .t1 = 0, .t2 = LAST, .t3 = LAST, .t4 = 0 };
	const struct sample behind = { .t1 = LAST, .t2 = 0, .t3 = 0, .t4 = LAST };
	const struct sample slow = { .t1 = 0, .t2 = 0, .t3 = 0, .t4 = LAST };
	const struct sample impossible = { .t1 = LAST, .t2 = 0, .t3 = LAST, .t4 = 0 };

	(void)state;
	assert_int_equal(sample_offset(&ahead), LAST);
	assert_int_equal(sample_delay(&ahead), 0);
	assert_int_equal(sample_offset(&behind), -LAST);
	assert_int_equal(sample_delay(&slow), LAST);
	assert_int_equal(sample_bound(&slow), (INT64_C(1) << 61));
	assert_int_equal(sample_offset(&slow), -(LAST / 2));
	assert_int_equal(sample_delay(&impossible), -2 * LAST);
}

/* A server anywhere in the accepted range, delays of any length in both directions. */
static bool error_within_bound(struct random *r)
{
	ts_ns t1 = random_between(r, 0, LAST);
	ts_ns server = random_between(r, 0, LAST);
	dur_ns room = LAST - (t1 > server ? t1 : server);
	dur_ns there = random_of_any_size(r, room);
	dur_ns served = random_of_any_size(r, room - there);
	dur_ns back = random_of_any_size(r, room - there - served);
	dur_ns truth = server - t1;
	const struct sample s = {
		.t1 = t1,
		.t2 = t1 + there + truth,
		.t3 = t1 + there + served + truth,
		.t4 = t1 + there + served + back,
	};

	dur_ns error = sample_offset(&s) - truth;
	return sample_check(&s) == SAMPLE_OK && sample_delay(&s) == there + back &&
	       error <= sample_bound(&s) && -error <= sample_bound(&s) &&
	       (there != back || error == 0);
}

static void error_is_within_the_bound(void **state)
{
	(void)state;
	assert_true(random_holds("error within bound", error_within_bound, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(check_table),
		cmocka_unit_test(textbook_exchange),
		cmocka_unit_test(rounding),
		cmocka_unit_test(extremes),
		cmocka_unit_test(error_is_within_the_bound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
