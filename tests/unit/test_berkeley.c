/* SPDX-License-Identifier: BSD-3-Clause */
/* Berkeley's algorithm: worked examples and ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/core/berkeley.h"

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct berkeley_options hour = { .tolerance = HOUR };

static struct berkeley_result decide(struct berkeley_clock *clocks, size_t n,
				     const struct berkeley_options *options)
{
	struct berkeley_result r = { .used = 0 };

	assert_int_equal(berkeley_decide(&r, clocks, n, options), 0);
	return r;
}

/* 14:00 (the leader), 13:46, 14:20: all agree on 14:02. */
static void worked_example(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = -14 * MINUTE },
		{ .offset = 20 * MINUTE },
	};
	struct berkeley_result r = decide(clocks, 3, &hour);

	(void)state;
	assert_int_equal(r.mean, 2 * MINUTE);
	assert_int_equal(r.used, 3);
	assert_int_equal(r.max_error, 0);
	assert_int_equal(clocks[0].correction, 2 * MINUTE);
	assert_int_equal(clocks[1].correction, 16 * MINUTE);
	assert_int_equal(clocks[2].correction, -18 * MINUTE);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(clocks[i].part, BERKELEY_IN_MEAN);
		assert_false(clocks[i].capped);
	}
}

/* One that is an hour wrong does not pull the mean, and is corrected all the same. */
static void excluded_and_corrected(void **state)
{
	const struct berkeley_options second = { .tolerance = NS_PER_SEC };
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = HOUR },
		{ .offset = 300 },
		{ .offset = -600 },
	};
	struct berkeley_result r = decide(clocks, 4, &second);

	(void)state;
	assert_int_equal(r.mean, -100);
	assert_int_equal(r.used, 3);
	assert_int_equal(clocks[1].part, BERKELEY_TOO_FAR);
	assert_int_equal(clocks[1].correction, -HOUR - 100);
	assert_int_equal(clocks[0].correction, -100);
	assert_int_equal(clocks[3].correction, 500);
}

/* The leader itself can be the one that is wrong. */
static void wrong_leader(void **state)
{
	const struct berkeley_options second = { .tolerance = NS_PER_SEC };
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = HOUR },
		{ .offset = HOUR + 10 },
	};

	(void)state;
	assert_int_equal(decide(clocks, 3, &second).mean, HOUR + 5);
	assert_int_equal(clocks[0].part, BERKELEY_TOO_FAR);
	assert_int_equal(clocks[0].correction, HOUR + 5);
}

/* Nobody but the leader: its own clock is right. */
static void alone(void **state)
{
	struct berkeley_clock clocks[] = { { .offset = 0 } };

	(void)state;
	assert_int_equal(decide(clocks, 1, &hour).mean, 0);
	assert_int_equal(clocks[0].correction, 0);
	assert_int_equal(clocks[0].part, BERKELEY_IN_MEAN);
}

static void tolerance_is_included(void **state)
{
	const struct berkeley_options ten = { .tolerance = 10 };
	struct berkeley_clock clocks[] = { { .offset = 0 }, { .offset = 10 } };
	struct berkeley_clock wider[] = { { .offset = 0 }, { .offset = 11 } };
	const struct berkeley_options none = { .tolerance = 0 };
	struct berkeley_clock same[] = { { .offset = 0 }, { .offset = 0 }, { .offset = 1 } };

	(void)state;
	assert_int_equal(decide(clocks, 2, &ten).mean, 5);
	assert_int_equal(decide(wider, 2, &ten).used, 1);
	assert_int_equal(wider[1].correction, -11);
	assert_int_equal(decide(same, 3, &none).used, 2);
}

static void mean_is_rounded_down(void **state)
{
	static const struct {
		dur_ns offset[2];
		dur_ns mean;
	} cases[] = {
		{ { 1, 0 }, 0 },   { { 1, 1 }, 0 },    { { 2, 2 }, 1 },
		{ { -1, 0 }, -1 }, { { -1, -1 }, -1 }, { { -2, -2 }, -2 },
		{ { -3, 0 }, -1 }, { { 5, -1 }, 1 },   { { -5, 1 }, -2 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct berkeley_clock clocks[] = {
			{ .offset = 0 },
			{ .offset = cases[i].offset[0] },
			{ .offset = cases[i].offset[1] },
		};
		if (decide(clocks, 3, &hour).mean != cases[i].mean) {
			fail_msg("case %zu", i);
		}
	}
}

/* Sets of the same size: near the leader's clock, then narrow, then low. */
static void ties(void **state)
{
	static const struct {
		dur_ns offset[4];
		dur_ns mean;
	} cases[] = {
		{ { 1000, 1001, -900, -905 }, -903 }, /* nearer */
		{ { 900, 905, -1000, -1001 }, 902 },
		{ { 5, -95, 1000, 1001 }, -30 },    /* with the leader among them */
		{ { 900, 905, -900, -904 }, -902 }, /* as near, narrower */
		{ { 900, 904, -900, -905 }, 902 },
		{ { 900, 905, -900, -905 }, -903 }, /* alike in both: lower */
		{ { 900, 900, -900, -900 }, -900 },
	};
	const struct berkeley_options hundred = { .tolerance = 100 };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct berkeley_clock clocks[5] = { { .offset = 0 } };
		for (size_t j = 0; j < 4; j++) {
			clocks[j + 1].offset = cases[i].offset[j];
		}
		dur_ns mean = decide(clocks, 5, &hundred).mean;
		if (mean != cases[i].mean) {
			fail_msg("case %zu: %lld", i, (long long)mean);
		}
	}
}

/* Two clocks that disagree: the leader's is taken, as nobody can say which is right. */
static void two_apart(void **state)
{
	const struct berkeley_options second = { .tolerance = NS_PER_SEC };
	struct berkeley_clock clocks[] = { { .offset = 0 }, { .offset = HOUR } };

	(void)state;
	assert_int_equal(decide(clocks, 2, &second).mean, 0);
	assert_int_equal(clocks[1].correction, -HOUR);
}

/* A clock that is known too vaguely does not count, and is left alone unless it is surely wrong. */
static void vague(void **state)
{
	const struct berkeley_options options = { .tolerance = 100 };
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = 50, .max_error = 100 },
		{ .offset = 60, .max_error = 101 },
		{ .offset = -90, .max_error = 101 },
		{ .offset = 127, .max_error = 101 },
		{ .offset = -77, .max_error = 101 },
		{ .offset = INT64_C(1) << 61, .max_error = INT64_MAX },
	};
	struct berkeley_result r = decide(clocks, COUNT(clocks), &options);

	(void)state;
	assert_int_equal(r.mean, 25);
	assert_int_equal(r.used, 2);
	assert_int_equal(r.max_error, 50); /* that of (0 +/- 0) and (50 +/- 100) */
	assert_int_equal(clocks[1].part, BERKELEY_IN_MEAN);
	assert_int_equal(clocks[1].correction, -25);
	for (size_t i = 2; i < COUNT(clocks); i++) {
		assert_int_equal(clocks[i].part, BERKELEY_TOO_VAGUE);
	}
	assert_int_equal(clocks[2].correction, 0);
	assert_int_equal(clocks[3].correction, 115);
	assert_int_equal(clocks[4].correction, -102);
	assert_int_equal(clocks[5].correction, 102);
	assert_int_equal(clocks[6].correction, 0);
}

static void max_error_is_rounded_up(void **state)
{
	struct berkeley_clock clocks[] = { { .offset = 0 },
					   { .max_error = 1 },
					   { .max_error = 3 } };
	struct berkeley_clock huge[] = {
		{ .offset = 0 },
		{ .max_error = INT64_MAX },
		{ .max_error = INT64_MAX },
	};
	const struct berkeley_options any = { .tolerance = INT64_MAX };

	(void)state;
	assert_int_equal(decide(clocks, 3, &hour).max_error, 2);
	/* 2 * (2^63 - 1) / 3 = 6148914691236517204.67 */
	assert_int_equal(decide(huge, 3, &any).max_error, INT64_C(6148914691236517205));
}

static void cap(void **state)
{
	const struct berkeley_options options = { .tolerance = HOUR, .max_correction = MINUTE };
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },      { .offset = -2 * MINUTE + 1 }, { .offset = 2 * MINUTE - 1 },
		{ .offset = MINUTE }, { .offset = -MINUTE },
	};

	(void)state;
	assert_int_equal(decide(clocks, COUNT(clocks), &options).mean, 0);
	assert_int_equal(clocks[1].correction, MINUTE);
	assert_true(clocks[1].capped);
	assert_int_equal(clocks[2].correction, -MINUTE);
	assert_true(clocks[2].capped);
	assert_int_equal(clocks[3].correction, -MINUTE);
	assert_false(clocks[3].capped);
	assert_int_equal(clocks[4].correction, MINUTE);
	assert_false(clocks[4].capped);
	assert_int_equal(clocks[0].correction, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example),
		cmocka_unit_test(excluded_and_corrected),
		cmocka_unit_test(wrong_leader),
		cmocka_unit_test(alone),
		cmocka_unit_test(tolerance_is_included),
		cmocka_unit_test(mean_is_rounded_down),
		cmocka_unit_test(ties),
		cmocka_unit_test(two_apart),
		cmocka_unit_test(vague),
		cmocka_unit_test(max_error_is_rounded_up),
		cmocka_unit_test(cap),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
