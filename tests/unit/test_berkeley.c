/* SPDX-License-Identifier: BSD-3-Clause */
/* Berkeley's algorithm: worked examples and ties. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/core/berkeley.h"

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct berkeley_options hour = { .tolerance = HOUR, .max_error = MINUTE };
static const struct berkeley_options nothing = { .tolerance = 0, .max_error = MINUTE };

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
	assert_int_equal(clocks[0].correction, 2 * MINUTE);
	assert_int_equal(clocks[1].correction, 16 * MINUTE);
	assert_int_equal(clocks[2].correction, -18 * MINUTE);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(clocks[i].part, BERKELEY_IN_MEAN);
		assert_false(clocks[i].agrees);
	}
}

/* --- a vote ----------------------------------------------------------------------------------- */

/* One that is an hour wrong does not count, and is corrected all the same. */
static void excluded_and_corrected(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = HOUR },
		{ .offset = 300, .max_error = 100 },
		{ .offset = -600, .max_error = 100 },
	};
	struct berkeley_result r = decide(clocks, 4, &hour);

	(void)state;
	assert_int_equal(r.mean, 0);
	assert_int_equal(r.used, 3);
	assert_int_equal(clocks[1].part, BERKELEY_TOO_FAR);
	assert_false(clocks[1].agrees);
	assert_int_equal(clocks[1].correction, -HOUR);
	assert_int_equal(clocks[0].correction, 0);
	assert_int_equal(clocks[3].correction, 600);
	assert_true(clocks[3].agrees);
}

/* The leader itself can be the one that is wrong. */
static void wrong_leader(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = HOUR },
		{ .offset = HOUR + 10 },
	};

	(void)state;
	assert_int_equal(decide(clocks, 3, &hour).mean, HOUR + 5);
	assert_int_equal(clocks[0].part, BERKELEY_TOO_FAR);
	assert_int_equal(clocks[0].correction, HOUR + 5);
}

/* A clock that is known ten times better, of 5 us against 95 us besides the 50 us, outweighs. */
static void precise_ones_count_more(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = 40000, .max_error = 950000 },
		{ .offset = 90000, .max_error = 950000 },
		{ .offset = -10000, .max_error = 0 },
	};

	(void)state;
	/* Of weights 1, 1, 400 and 400: almost in the middle of the latter two. */
	decide(clocks, 4, &hour);
	assert_true(clocks[0].correction > -5000 && clocks[0].correction < -4950);
}

/* However far one lies that is known best, not beyond the next one. */
static void nobody_pulls_beyond_the_next(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = 100, .max_error = 100000 },
		{ .offset = 200, .max_error = 100000 },
		{ .offset = 40000, .max_error = 100000 },
		{ .offset = 30000, .max_error = 100000 },
	};

	(void)state;
	assert_int_equal(decide(clocks, 5, &hour).mean, 200);
	clocks[3].offset = 90000;
	assert_int_equal(decide(clocks, 5, &hour).mean, 200);
}

/* Enough have agreed for long: others do not count, but are told whether they agree. */
static void the_trusted_decide(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .trusted = true },
		{ .offset = 10, .trusted = true },
		{ .offset = 40000 },
		{ .offset = NS_PER_SEC },
	};
	struct berkeley_result r = decide(clocks, 4, &hour);

	(void)state;
	assert_int_equal(r.used, 2);
	assert_int_equal(r.mean, 5);
	assert_int_equal(clocks[2].part, BERKELEY_NEW);
	assert_true(clocks[2].agrees);
	assert_int_equal(clocks[2].correction, -40000 + 5);
	assert_int_equal(clocks[3].part, BERKELEY_TOO_FAR);
}

/* Fewer than half of those that answer, or one alone, do not decide. */
static void few_do_not_decide(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .trusted = true }, { .offset = 10, .trusted = true },
		{ .offset = NS_PER_SEC },         { .offset = NS_PER_SEC },
		{ .offset = NS_PER_SEC },
	};
	struct berkeley_clock two[] = { { .offset = 0, .trusted = true }, { .offset = 20 } };

	(void)state;
	assert_int_equal(decide(clocks, 5, &hour).mean, NS_PER_SEC);
	assert_int_equal(clocks[0].part, BERKELEY_TOO_FAR);
	assert_int_equal(decide(two, 2, &hour).mean, 10);
}

/* Two halves that have agreed: nobody can say which is right. The leader's clock decides. */
static void halves_follow_the_leader(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .trusted = true },
		{ .offset = 10, .trusted = true },
		{ .offset = NS_PER_SEC, .trusted = true },
		{ .offset = NS_PER_SEC + 10, .trusted = true },
	};

	(void)state;
	assert_int_equal(decide(clocks, 4, &hour).mean, 5);
	assert_int_equal(clocks[2].part, BERKELEY_TOO_FAR);
}

/* Intervals that touch agree; what clocks may be apart by comes on top. */
static void ends_are_included(void **state)
{
	struct berkeley_clock clocks[] = { { .offset = 0 },
					   { .offset = 107000, .max_error = 7000 } };

	(void)state;
	assert_int_equal(decide(clocks, 2, &hour).used, 2);
	assert_true(clocks[1].agrees);
	clocks[1].offset++;
	assert_int_equal(decide(clocks, 2, &nothing).used, 1);
	assert_false(clocks[1].agrees);
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

/* --- a cold start ----------------------------------------------------------------------------- */

static void tolerance_is_included(void **state)
{
	const struct berkeley_options ten = { .tolerance = 10 * MINUTE, .max_error = MINUTE };
	struct berkeley_clock clocks[] = { { .offset = 0 }, { .offset = 10 * MINUTE } };
	struct berkeley_clock wider[] = { { .offset = 0 }, { .offset = 10 * MINUTE + 1 } };

	(void)state;
	assert_int_equal(decide(clocks, 2, &ten).mean, 5 * MINUTE);
	assert_int_equal(decide(wider, 2, &ten).used, 1);
	assert_int_equal(wider[1].correction, -10 * MINUTE - 1);
}

static void mean_is_rounded_down(void **state)
{
	static const struct {
		dur_ns offset[2];
		dur_ns mean;
	} cases[] = {
		{ { 3000001, 6000000 }, 3000000 },    { { 3000002, 6000000 }, 3000000 },
		{ { 3000003, 6000000 }, 3000001 },    { { -3000001, -6000000 }, -3000001 },
		{ { -3000002, -6000000 }, -3000001 }, { { -3000003, -6000000 }, -3000001 },
		{ { -3000001, 6000000 }, 999999 },    { { 3000001, -6000000 }, -1000000 },
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

/* Sets of the same size: near the leader's clock, then narrow, then low. In ms. */
static void ties(void **state)
{
	static const struct {
		dur_ns offset[4];
		dur_ns mean;
	} cases[] = {
		{ { 1000, 1002, -900, -904 }, -902 }, /* nearer */
		{ { 900, 904, -1000, -1002 }, 902 },
		{ { 6, -94, 1000, 1002 }, 3 },      /* with the leader among them, narrower */
		{ { 900, 906, -900, -904 }, -902 }, /* as near, narrower */
		{ { 900, 904, -900, -906 }, 902 },
		{ { 900, 904, -900, -904 }, -902 }, /* alike in both: lower */
	};
	const struct berkeley_options hundred = { .tolerance = 95 * NS_PER_MS,
						  .max_error = MINUTE };

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct berkeley_clock clocks[5] = { { .offset = 0 } };
		for (size_t j = 0; j < 4; j++) {
			clocks[j + 1].offset = cases[i].offset[j] * NS_PER_MS;
		}
		dur_ns mean = decide(clocks, 5, &hundred).mean;
		if (mean != cases[i].mean * NS_PER_MS) {
			fail_msg("case %zu: %lld", i, (long long)mean);
		}
	}
}

/* Two clocks that disagree: the leader's is taken, as nobody can say which is right. */
static void two_apart(void **state)
{
	const struct berkeley_options second = { .tolerance = NS_PER_SEC, .max_error = NS_PER_SEC };
	struct berkeley_clock clocks[] = { { .offset = 0 }, { .offset = HOUR } };

	(void)state;
	assert_int_equal(decide(clocks, 2, &second).mean, 0);
	assert_int_equal(clocks[1].correction, -HOUR);
}

/* --- limits ----------------------------------------------------------------------------------- */

/* A clock that is known too vaguely does not count, and is told only what it surely needs. */
static void vague(void **state)
{
	const struct berkeley_options options = { .tolerance = HOUR, .max_error = 100 };
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
	assert_int_equal(clocks[1].part, BERKELEY_IN_MEAN);
	assert_int_equal(clocks[1].correction, -25);
	for (size_t i = 2; i < COUNT(clocks); i++) {
		assert_int_equal(clocks[i].part, BERKELEY_TOO_VAGUE);
		assert_false(clocks[i].agrees);
	}
	assert_int_equal(clocks[2].correction, 0);
	assert_int_equal(clocks[3].correction, 115 - 101);
	assert_int_equal(clocks[4].correction, -102 + 101);
	assert_int_equal(clocks[5].correction, 102 - 101);
	assert_int_equal(clocks[6].correction, 0);
}

/* What needs more than the largest correction is left alone. */
static void too_large(void **state)
{
	const struct berkeley_options options = {
		.tolerance = HOUR,
		.max_error = MINUTE,
		.max_correction = MINUTE,
	};
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = 10 },
		{ .offset = 20 },
		{ .offset = MINUTE },
		{ .offset = MINUTE + 11 },
		{ .offset = -MINUTE + 9 },
		{ .offset = 10, .max_error = 1 },
	};

	(void)state;
	assert_int_equal(decide(clocks, COUNT(clocks), &options).mean, 10);
	assert_int_equal(clocks[3].part, BERKELEY_TOO_FAR);
	assert_int_equal(clocks[3].correction, 10 - MINUTE);
	assert_int_equal(clocks[4].part, BERKELEY_REFUSED);
	assert_int_equal(clocks[4].correction, 0);
	assert_int_equal(clocks[5].part, BERKELEY_REFUSED);
	assert_int_equal(clocks[5].correction, 0);
}

/* --- settled clocks, and those of others ------------------------------------------------------ */

/* One that was set by hand follows the one that was not, although each is half of all. */
static void the_settled_decide(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .trusted = true },
		{ .offset = MINUTE, .trusted = true, .unsettled = true },
	};
	struct berkeley_result r = decide(clocks, 2, &hour);

	(void)state;
	assert_true(r.mean == 0 && r.used == 1);
	assert_int_equal(clocks[0].correction, 0);
	assert_int_equal(clocks[1].correction, -MINUTE);
	clocks[0].unsettled = true;
	clocks[1].unsettled = false;
	r = decide(clocks, 2, &hour);
	assert_true(r.mean == MINUTE && r.used == 1);
	/* When nobody is settled, all are heard. */
	clocks[1].unsettled = true;
	r = decide(clocks, 2, &hour);
	assert_true(r.mean == MINUTE / 2 && r.used == 2);
}

/* Clocks that have agreed for long decide, but those that were set since do not. */
static void trust_is_lost_by_being_set(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .trusted = true },
		{ .offset = 100, .trusted = true },
		{ .offset = HOUR, .trusted = true, .unsettled = true },
		{ .offset = HOUR, .trusted = true, .unsettled = true },
		{ .offset = HOUR, .trusted = true, .unsettled = true },
	};
	const struct berkeley_result r = decide(clocks, 5, &hour);

	(void)state;
	assert_true(r.mean >= 0 && r.mean <= 100 && r.used == 2);
	assert_int_equal(clocks[4].correction, r.mean - HOUR);
}

static void references_do_not_count(void **state)
{
	struct berkeley_clock clocks[] = {
		{ .offset = 0, .kept = true },
		{ .offset = 10, .kept = true },
		{ .offset = HOUR },
	};
	struct berkeley_result r = decide(clocks, 3, &hour);

	(void)state;
	assert_true(r.mean == HOUR && r.used == 1);
	assert_int_equal(clocks[0].part, BERKELEY_KEPT);
	assert_int_equal(clocks[1].part, BERKELEY_KEPT);
	assert_true(clocks[0].correction == 0 && clocks[1].correction == 0);
	assert_true(clocks[2].correction == 0 && clocks[2].part == BERKELEY_IN_MEAN);
	/* With none but those nobody decides. */
	r = decide(clocks, 2, &hour);
	assert_true(r.mean == 0 && r.used == 0);
	assert_true(clocks[0].correction == 0 && clocks[1].correction == 0);
}

static void sent_to_a_target(void **state)
{
	const struct berkeley_options target = {
		.tolerance = HOUR,
		.max_error = MINUTE,
		.max_correction = 2 * HOUR,
		.has_target = true,
		.target = HOUR,
	};
	struct berkeley_options beyond = target;
	struct berkeley_clock clocks[] = {
		{ .offset = 0 },
		{ .offset = 100 },
		{ .offset = 5, .kept = true },
		{ .offset = -HOUR - 1 },
	};
	struct berkeley_result r = decide(clocks, 4, &target);

	(void)state;
	assert_int_equal(r.mean, HOUR);
	assert_true(r.own >= 0 && r.own <= 100);
	assert_int_equal(clocks[0].correction, HOUR);
	assert_int_equal(clocks[1].correction, HOUR - 100);
	assert_int_equal(clocks[2].correction, 0);
	assert_int_equal(clocks[3].part, BERKELEY_REFUSED);
	beyond.target = TS_LIMIT;
	assert_int_equal(berkeley_decide(&r, clocks, 4, &beyond), -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(worked_example),
		cmocka_unit_test(excluded_and_corrected),
		cmocka_unit_test(wrong_leader),
		cmocka_unit_test(precise_ones_count_more),
		cmocka_unit_test(nobody_pulls_beyond_the_next),
		cmocka_unit_test(the_trusted_decide),
		cmocka_unit_test(few_do_not_decide),
		cmocka_unit_test(halves_follow_the_leader),
		cmocka_unit_test(ends_are_included),
		cmocka_unit_test(alone),
		cmocka_unit_test(tolerance_is_included),
		cmocka_unit_test(mean_is_rounded_down),
		cmocka_unit_test(ties),
		cmocka_unit_test(two_apart),
		cmocka_unit_test(vague),
		cmocka_unit_test(too_large),
		cmocka_unit_test(the_settled_decide),
		cmocka_unit_test(trust_is_lost_by_being_set),
		cmocka_unit_test(references_do_not_count),
		cmocka_unit_test(sent_to_a_target),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
