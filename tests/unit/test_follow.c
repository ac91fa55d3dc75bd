/* SPDX-License-Identifier: BSD-3-Clause */
/* Whether the measured clock moves with the corrected one. */
#include "core/follow.h"
#include "tests/support/between.h"

#define STEP (300 * NS_PER_MS)

static enum follow_verdict judge(dur_ns before, dur_ns step, dur_ns after, dur_ns max_error)
{
	const struct follow_offset b = { before, max_error }, a = { after, max_error };

	return follow_judge(&b, step, &a);
}

static void another_clock_is_where_the_step_leads(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		assert_int_equal(judge(sign * STEP, sign * STEP, 0, NS_PER_MS), FOLLOW_NOT);
		assert_int_equal(judge(sign * STEP, sign * STEP, 2 * NS_PER_MS, NS_PER_MS),
				 FOLLOW_NOT);
		assert_int_equal(judge(sign * STEP, sign * STEP / 2, sign * STEP / 2, NS_PER_MS),
				 FOLLOW_NOT);
	}
}

static void a_clock_that_is_derived_from_ours_makes_the_step_too(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		assert_int_equal(judge(sign * STEP, sign * STEP, sign * STEP, NS_PER_MS),
				 FOLLOW_ALONG);
		assert_int_equal(
			judge(sign * STEP, sign * STEP, sign * STEP + 2 * NS_PER_MS, NS_PER_MS),
			FOLLOW_ALONG);
	}
	assert_int_equal(judge(TS_LIMIT - 1, TS_LIMIT - 1, TS_LIMIT - 1, 1), FOLLOW_ALONG);
	assert_int_equal(judge(1 - TS_LIMIT, 1 - TS_LIMIT, 1 - TS_LIMIT, 1), FOLLOW_ALONG);
}

static void what_is_within_the_errors_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(judge(STEP, STEP, STEP, STEP / 2), FOLLOW_UNCLEAR);
	assert_int_equal(judge(STEP, STEP, 0, STEP / 2), FOLLOW_UNCLEAR);
	assert_int_equal(judge(STEP, 0, STEP, NS_PER_MS), FOLLOW_UNCLEAR);
}

static void a_clock_that_moved_otherwise_is_neither(void **state)
{
	(void)state;
	assert_int_equal(judge(STEP, STEP, 5 * STEP, NS_PER_MS), FOLLOW_UNCLEAR);
	assert_int_equal(judge(STEP, STEP, -STEP, NS_PER_MS), FOLLOW_UNCLEAR);
	assert_int_equal(judge(STEP, STEP, STEP / 2, NS_PER_MS), FOLLOW_UNCLEAR);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(another_clock_is_where_the_step_leads),
		cmocka_unit_test(a_clock_that_is_derived_from_ours_makes_the_step_too),
		cmocka_unit_test(what_is_within_the_errors_says_nothing),
		cmocka_unit_test(a_clock_that_moved_otherwise_is_neither),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
