/* SPDX-License-Identifier: BSD-3-Clause */
/* Bounds: how they grow, and when nothing is known any more. */
#include "core/bound.h"
#include "tests/support/between.h"

#define AT       (100 * NS_PER_SEC)
#define NEW_YEAR (INT64_C(1704067200) * NS_PER_SEC)

/* Right to 1 ms at AT, growing by 100 ppm, renewed in 10 s, without a slew. */
static struct bound ordinary(void)
{
	return (struct bound){
		.state = BOUND_SYNCHRONISED,
		.at = { AT },
		.shown = NEW_YEAR,
		.max_error = NS_PER_MS,
		.growth = bound_share(100000),
		.slew_end = { AT },
		.due = { AT + 10 * NS_PER_SEC },
		.forgotten = { AT + 10 * NS_PER_SEC + BOUND_LASTS },
	};
}

static struct bound_interval after(const struct bound *b, dur_ns age)
{
	return bound_at(b, (struct mono){ AT + age });
}

/* Check that the interval is that to either side of a time, and little more. */
static void check_is(struct bound_interval i, ts_ns middle, dur_ns error)
{
	assert_between(middle - error - 10, i.earliest, middle - error);
	assert_between(middle + error, i.latest, middle + error + 10);
}

static void it_grows_with_its_age(void **state)
{
	const struct bound b = ordinary();

	(void)state;
	assert_true(bound_valid(&b));
	check_is(after(&b, 0), NEW_YEAR, NS_PER_MS);
	check_is(after(&b, 5 * NS_PER_SEC), NEW_YEAR + 5 * NS_PER_SEC, 1500 * NS_PER_US);
	assert_int_equal(after(&b, 5 * NS_PER_SEC).state, BOUND_SYNCHRONISED);
}

static void a_clock_that_was_read_before_is_not_younger(void **state)
{
	const struct bound b = ordinary();

	(void)state;
	check_is(after(&b, -NS_PER_SEC), NEW_YEAR, NS_PER_MS);
}

static void a_rate_moves_it(void **state)
{
	struct bound b = ordinary();

	(void)state;
	b.rate = bound_share(-2000000);
	check_is(after(&b, 10 * NS_PER_SEC - 1), NEW_YEAR + 9980 * NS_PER_MS, 2 * NS_PER_MS);
	b.rate = bound_share(2000000);
	check_is(after(&b, 10 * NS_PER_SEC - 1), NEW_YEAR + 10020 * NS_PER_MS, 2 * NS_PER_MS);
}

static void a_slew_that_does_not_end_counts(void **state)
{
	struct bound b = ordinary();

	(void)state;
	b.slew_end.ns = AT + 2 * NS_PER_SEC;
	b.slew = bound_share(500000);
	check_is(after(&b, 2 * NS_PER_SEC), NEW_YEAR + 2 * NS_PER_SEC, 1200 * NS_PER_US);
	check_is(after(&b, 4 * NS_PER_SEC), NEW_YEAR + 4 * NS_PER_SEC, 2400 * NS_PER_US);
}

static void it_ends_step_by_step(void **state)
{
	const struct bound b = ordinary();
	const dur_ns due = 10 * NS_PER_SEC;

	(void)state;
	assert_int_equal(after(&b, due - 1).state, BOUND_SYNCHRONISED);
	assert_int_equal(after(&b, due).state, BOUND_HOLD_OVER);
	/* 100 ppm for 20 s, and what anybody may be doing to the clock for 10 s. */
	check_is(after(&b, 2 * due), NEW_YEAR + 2 * due, 8 * NS_PER_MS);
	assert_int_equal(after(&b, due + BOUND_LASTS - 1).state, BOUND_HOLD_OVER);
	assert_int_equal(after(&b, due + BOUND_LASTS).state, BOUND_UNKNOWN);
}

static void what_is_unknown_can_be_any_time(void **state)
{
	const struct bound b = bound_unknown((struct mono){ AT });
	const struct bound_interval i = after(&b, 0);

	(void)state;
	assert_true(bound_valid(&b));
	assert_int_equal(i.state, BOUND_UNKNOWN);
	assert_true(i.earliest == 0 && i.latest == INT64_MAX);
}

static void the_time_of_servers_is_not_utc(void **state)
{
	struct bound b = ordinary();

	(void)state;
	assert_false(after(&b, 0).of_servers);
	b.state |= BOUND_OF_SERVERS;
	assert_true(bound_valid(&b));
	assert_true(after(&b, 0).of_servers);
	assert_int_equal(after(&b, 0).state, BOUND_SYNCHRONISED);
	b.state = BOUND_OF_SERVERS;
	assert_int_equal(after(&b, 0).state, BOUND_UNKNOWN);
}

static void hold_over_stays_hold_over(void **state)
{
	struct bound b = ordinary();

	(void)state;
	b.state = BOUND_HOLD_OVER;
	assert_int_equal(after(&b, 0).state, BOUND_HOLD_OVER);
}

/* The largest values that are valid, for as long as they last. */
static void nothing_overflows(void **state)
{
	struct bound b = ordinary();

	(void)state;
	b.shown = TS_LIMIT - 1;
	b.max_error = INT64_C(1) << 60;
	b.rate = BOUND_WHOLE / 2;
	b.growth = BOUND_WHOLE;
	b.slew = BOUND_WHOLE;
	b.forgotten.ns = b.at.ns + (INT64_C(1) << 50);
	assert_true(bound_valid(&b));
	struct bound_interval i = bound_at(&b, (struct mono){ b.forgotten.ns - 1 });
	assert_true(i.latest > TS_LIMIT && i.earliest < b.shown);
	b.shown = 0;
	assert_int_equal(bound_at(&b, b.at).earliest, 0);
}

static void a_share_is_not_less_than_the_rate(void **state)
{
	(void)state;
	assert_int_equal(bound_share(0), 0);
	assert_int_equal(bound_share(NS_PER_SEC), BOUND_WHOLE);
	assert_int_equal(bound_share(-NS_PER_SEC), -BOUND_WHOLE);
	assert_int_equal(bound_share(1), 5);
	assert_int_equal(bound_share(-1), -4);
	assert_true(bound_share(INT64_MAX) > BOUND_WHOLE);
}

/* Each of these alone makes it invalid. */
static void check_refused(int64_t *field, int64_t wrong, const struct bound *b)
{
	const int64_t right = *field;

	*field = wrong;
	assert_false(bound_valid(b));
	*field = right;
	assert_true(bound_valid(b));
}

static void what_is_out_of_range_is_refused(void **state)
{
	struct bound b = ordinary();

	(void)state;
	check_refused(&b.state, -1, &b);
	check_refused(&b.state, 3, &b);
	check_refused(&b.state, BOUND_OF_SERVERS + 3, &b);
	check_refused(&b.state, 2 * BOUND_OF_SERVERS, &b);
	check_refused(&b.at.ns, -1, &b);
	check_refused(&b.shown, TS_LIMIT, &b);
	check_refused(&b.shown, -1, &b);
	check_refused(&b.rate, BOUND_WHOLE / 2 + 1, &b);
	check_refused(&b.rate, -BOUND_WHOLE / 2 - 1, &b);
	check_refused(&b.max_error, -1, &b);
	check_refused(&b.max_error, INT64_MAX, &b);
	check_refused(&b.growth, -1, &b);
	check_refused(&b.growth, BOUND_WHOLE + 1, &b);
	check_refused(&b.slew, -1, &b);
	check_refused(&b.slew, BOUND_WHOLE + 1, &b);
	check_refused(&b.slew_end.ns, AT - 1, &b);
	check_refused(&b.slew_end.ns, INT64_MAX, &b);
	check_refused(&b.due.ns, AT - 1, &b);
	check_refused(&b.due.ns, b.forgotten.ns + 1, &b);
	check_refused(&b.forgotten.ns, b.due.ns - 1, &b);
	check_refused(&b.forgotten.ns, INT64_MAX, &b);
}

static void states_have_names(void **state)
{
	(void)state;
	assert_string_equal(bound_state_name(BOUND_UNKNOWN), "unknown");
	assert_string_equal(bound_state_name(BOUND_HOLD_OVER), "hold-over");
	assert_string_equal(bound_state_name(BOUND_SYNCHRONISED), "synchronised");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_grows_with_its_age),
		cmocka_unit_test(a_clock_that_was_read_before_is_not_younger),
		cmocka_unit_test(a_rate_moves_it),
		cmocka_unit_test(a_slew_that_does_not_end_counts),
		cmocka_unit_test(it_ends_step_by_step),
		cmocka_unit_test(what_is_unknown_can_be_any_time),
		cmocka_unit_test(the_time_of_servers_is_not_utc),
		cmocka_unit_test(hold_over_stays_hold_over),
		cmocka_unit_test(nothing_overflows),
		cmocka_unit_test(a_share_is_not_less_than_the_rate),
		cmocka_unit_test(what_is_out_of_range_is_refused),
		cmocka_unit_test(states_have_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
