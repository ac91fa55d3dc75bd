/* SPDX-License-Identifier: BSD-3-Clause */
/* How far from UTC a member's clock is at most. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/core/claim.h"

static struct mono at(int64_t seconds)
{
	return (struct mono){ seconds * NS_PER_SEC };
}

static void grows_with_the_time(void **state)
{
	struct claim c = { .told = false };

	(void)state;
	assert_int_equal(claim_error(&c, at(1)), GROUP_UNKNOWN_ERROR);
	claim_take(&c, at(1), NS_PER_MS, 1000, false);
	claim_age(&c, at(1), 15000);
	assert_int_equal(claim_error(&c, at(1)), NS_PER_MS);
	assert_int_equal(claim_error(&c, at(0)), NS_PER_MS);
	assert_int_equal(claim_error(&c, at(101)), NS_PER_MS + 100 * 16 * NS_PER_US);
	/* A growth that is told later may have begun at the last news. */
	claim_age(&c, at(101), 499000);
	assert_int_equal(claim_error(&c, at(101)), NS_PER_MS + 100 * 500 * NS_PER_US);
	claim_age(&c, at(201), 0);
	assert_int_equal(claim_error(&c, at(201)), NS_PER_MS + 200 * 500 * NS_PER_US);
	assert_int_equal(claim_error(&c, at(202)), NS_PER_MS + 200 * 500 * NS_PER_US + 1000);
	claim_widen(&c, 5);
	assert_int_equal(claim_error(&c, at(201)), NS_PER_MS + 200 * 500 * NS_PER_US + 5);
	claim_forget(&c);
	assert_int_equal(claim_error(&c, at(202)), GROUP_UNKNOWN_ERROR);
}

static void the_lesser_counts(void **state)
{
	struct claim c = { .told = false };

	(void)state;
	claim_take(&c, at(1), 1000, 0, false);
	claim_take(&c, at(2), 2000, 0, false);
	assert_int_equal(claim_error(&c, at(2)), 1000);
	claim_take(&c, at(3), 500, 0, false);
	assert_int_equal(claim_error(&c, at(3)), 500);
	claim_take(&c, at(4), GROUP_UNKNOWN_ERROR, 0, false);
	assert_int_equal(claim_error(&c, at(4)), 500);
	/* Unless the error known before is void. */
	claim_take(&c, at(5), 2000, 0, true);
	assert_int_equal(claim_error(&c, at(5)), 2000);
	claim_take(&c, at(6), GROUP_UNKNOWN_ERROR, 0, true);
	assert_int_equal(claim_error(&c, at(6)), GROUP_UNKNOWN_ERROR);
}

static void it_may_be_nothing_or_anything(void **state)
{
	struct claim c = { .told = false };

	(void)state;
	claim_take(&c, at(1), 0, 0, false);
	assert_int_equal(claim_error(&c, at(1)), 0);
	claim_take(&c, at(2), TS_LIMIT - 2, 0, true);
	claim_age(&c, at(2), 1000000);
	assert_int_equal(claim_error(&c, at(2)), TS_LIMIT - 2);
	assert_int_equal(claim_error(&c, at(1000)), TS_LIMIT - 1); /* and no time is beyond that */
}

static void since_when(void **state)
{
	struct claim c = { .told = false };

	(void)state;
	assert_true(claim_source(&c, at(1), false));
	assert_false(claim_source(&c, at(2), false));
	assert_int_equal(c.since.ns, at(1).ns);
	assert_true(claim_source(&c, at(3), true));
	assert_true(c.by_reference);
	assert_int_equal(c.since.ns, at(3).ns);
}

/* UTC lies in the published interval as long as the clock's error is no larger than claimed. */
static void the_published_bound_holds(void **state)
{
	struct claim c = { .told = false };
	const struct claim_clock clock = {
		.from = at(100),
		.to = at(100),
		.shown = 7000 * NS_PER_SEC,
		.slew_ppb = -1000,
		.slew_end = at(110),
		.renewed_in = 30 * NS_PER_SEC,
	};
	struct bound_interval i;
	struct bound b;

	(void)state;
	b = claim_bound(&c, &clock);
	assert_int_equal(b.state, BOUND_UNKNOWN);
	claim_take(&c, at(100), NS_PER_MS, 0, false);
	claim_age(&c, at(100), 15000);
	b = claim_bound(&c, &clock);
	assert_true(bound_valid(&b));
	i = bound_at(&b, at(110));
	assert_int_equal(i.state, BOUND_SYNCHRONISED);
	assert_in_range(7010 * NS_PER_SEC - i.earliest, NS_PER_MS + 150000, NS_PER_MS + 150100);
	assert_in_range(i.latest - 7010 * NS_PER_SEC, NS_PER_MS + 150000, NS_PER_MS + 150100);
	/* The slew should have ended. */
	i = bound_at(&b, at(120));
	assert_in_range(i.latest - 7020 * NS_PER_SEC, NS_PER_MS + 310000, NS_PER_MS + 310100);
	assert_int_equal(bound_at(&b, at(131)).state, BOUND_HOLD_OVER);
	assert_int_equal(bound_at(&b, at(1131)).state, BOUND_UNKNOWN);
}

/* When exactly the clock was read is not known, so its error may be larger by as much. */
static void a_reading_takes_time(void **state)
{
	struct claim c = { .told = false };
	const struct claim_clock clock = {
		.from = at(100),
		.to = { at(100).ns + 40001 },
		.shown = 7000 * NS_PER_SEC,
	};
	struct bound b;

	(void)state;
	claim_take(&c, clock.to, NS_PER_MS, 0, false);
	claim_age(&c, clock.to, 15000);
	b = claim_bound(&c, &clock);
	assert_in_range(b.at.ns, at(100).ns + 20000, at(100).ns + 20001);
	assert_in_range(b.max_error, NS_PER_MS + 40001, NS_PER_MS + 40003);
	assert_in_range(b.growth, bound_share(15000) + 1, bound_share(15001)); /* rounded up */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_with_the_time),
		cmocka_unit_test(the_lesser_counts),
		cmocka_unit_test(it_may_be_nothing_or_anything),
		cmocka_unit_test(since_when),
		cmocka_unit_test(the_published_bound_holds),
		cmocka_unit_test(a_reading_takes_time),
	};

	return cmocka_run_group_tests_name("claim", tests, NULL, NULL);
}
