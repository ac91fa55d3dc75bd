/* SPDX-License-Identifier: BSD-3-Clause */
/* The clock filter: which measurement it prefers, and that its bound is sound. */
#include <errno.h>
#include <string.h>

#include "core/filter.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CASES 100000

static const struct filter_motion still = { 0, 0 };

static struct mono at_s(int64_t seconds)
{
	return (struct mono){ .ns = seconds * NS_PER_SEC };
}

static void add(struct filter *f, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct filter_sample s = { at_s(seconds), offset, max_error };

	filter_add(f, &s);
}

static void assert_best(const struct filter *f, int64_t seconds, const struct filter_motion *motion,
			dur_ns offset, dur_ns max_error)
{
	struct filter_sample best;

	assert_int_equal(filter_best(f, at_s(seconds), motion, &best), 0);
	assert_int_equal(best.at.ns, at_s(seconds).ns);
	assert_int_equal(best.offset, offset);
	assert_int_equal(best.max_error, max_error);
}

static void an_empty_one_knows_nothing(void **state)
{
	struct filter f = { .added = 0 };
	struct filter_sample best = { at_s(1), 2, 3 };

	(void)state;
	assert_int_equal(filter_best(&f, at_s(0), &still, &best), -ENODATA);
	assert_int_equal(best.at.ns, NS_PER_SEC);
	assert_int_equal(best.offset, 2);
	assert_int_equal(best.max_error, 3);
}

static void the_least_bound_wins(void **state)
{
	struct filter f = { .added = 0 };

	(void)state;
	add(&f, 1, 100, 50);
	assert_best(&f, 1, &still, 100, 50);
	add(&f, 2, 200, 40);
	add(&f, 3, 300, 60);
	assert_best(&f, 3, &still, 200, 40);
	add(&f, 4, 400, 40); /* of two equal ones the later */
	assert_best(&f, 4, &still, 400, 40);
}

static void only_the_last_are_kept(void **state)
{
	struct filter f = { .added = 0 };

	(void)state;
	add(&f, 0, 7, 1);
	for (int i = 1; i < FILTER_STAGES; i++) {
		add(&f, i, i, 1000 + i);
		assert_best(&f, i, &still, 7, 1);
	}
	add(&f, 100, 100, 5000);
	assert_best(&f, 100, &still, 1, 1001);
}

/* 15 ppm of 100 s is 1.5 ms: a sample that was better by less than that is overtaken. */
static void age_counts(void **state)
{
	const struct filter_motion motion = { .rate_ppb = 0, .error_ppb = 15000 };
	struct filter f = { .added = 0 };

	(void)state;
	add(&f, 0, 1, 100 * NS_PER_US);
	add(&f, 100, 2, 1599 * NS_PER_US);
	assert_best(&f, 100, &motion, 2, 1599 * NS_PER_US);
	add(&f, 100, 3, 1601 * NS_PER_US);
	assert_best(&f, 100, &motion, 2, 1599 * NS_PER_US);
	memset(&f, 0, sizeof(f));
	add(&f, 0, 1, 100 * NS_PER_US);
	add(&f, 100, 2, 1601 * NS_PER_US);
	assert_best(&f, 100, &motion, 1, 1600 * NS_PER_US);
}

static void the_offset_moves_with_the_rate(void **state)
{
	const struct filter_motion motion = { .rate_ppb = -80000, .error_ppb = 1000 };
	struct filter f = { .added = 0 };

	(void)state;
	add(&f, 10, 5 * NS_PER_MS, NS_PER_MS);
	assert_best(&f, 10, &motion, 5 * NS_PER_MS, NS_PER_MS);
	assert_best(&f, 110, &motion, -3 * NS_PER_MS, 1100 * NS_PER_US + 1);
	assert_best(&f, 9, &motion, 5080 * NS_PER_US,
		    1001 * NS_PER_US + 1); /* before it was made */
}

/* The bound grows in both directions, from the first nanosecond on. */
static void a_nanosecond_away(void **state)
{
	const struct filter_motion motion = { .rate_ppb = 0, .error_ppb = 1000 };
	const struct filter_sample s = { at_s(1), 7, 100 };
	struct filter f = { .added = 0 };
	struct filter_sample best;

	(void)state;
	filter_add(&f, &s);
	for (dur_ns age = -1; age <= 1; age++) {
		assert_int_equal(filter_best(&f, mono_add(s.at, age), &motion, &best), 0);
		assert_int_equal(best.offset, 7);
		assert_int_equal(best.max_error, age == 0 ? 100 : 101);
	}
}

static void nothing_overflows(void **state)
{
	const struct filter_motion fast = { .rate_ppb = INT64_MAX, .error_ppb = INT64_MAX };
	struct filter f = { .added = 0 };

	(void)state;
	add(&f, 0, TS_LIMIT - 1, INT64_MAX);
	assert_best(&f, 1000000, &fast, INT64_MAX, INT64_MAX);
}

/* An offset that moves at a rate that never strays further than said is always within the bound. */
static bool bound_is_sound(struct random *r)
{
	const struct filter_motion motion = {
		.rate_ppb = random_between(r, -500000, 500000),
		.error_ppb = random_of_any_size(r, 500000),
	};
	struct filter f = { .added = 0 };
	struct filter_sample best;
	struct mono now = { .ns = random_of_any_size(r, TS_LIMIT / 4) };
	dur_ns truth = random_between(r, -TS_LIMIT / 4, TS_LIMIT / 4);
	int64_t n = random_between(r, 1, 20);

	for (int64_t i = 0; i < n; i++) {
		dur_ns age = random_of_any_size(r, 10000 * NS_PER_SEC);
		int64_t rate =
			motion.rate_ppb + random_between(r, -motion.error_ppb, motion.error_ppb);
		dur_ns e = random_of_any_size(r, NS_PER_SEC);
		const struct filter_sample s = { now, truth + random_between(r, -e, e), e };

		filter_add(&f, &s);
		now = mono_add(now, age);
		truth += age / NS_PER_SEC * rate + age % NS_PER_SEC * rate / NS_PER_SEC;
	}
	if (filter_best(&f, now, &motion, &best)) {
		return false;
	}
	/* `truth` itself was rounded n times */
	return best.offset - best.max_error - n <= truth &&
	       truth <= best.offset + best.max_error + n;
}

static void the_bound_is_sound(void **state)
{
	(void)state;
	assert_true(random_holds("bound_is_sound", bound_is_sound, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_one_knows_nothing),
		cmocka_unit_test(the_least_bound_wins),
		cmocka_unit_test(only_the_last_are_kept),
		cmocka_unit_test(age_counts),
		cmocka_unit_test(the_offset_moves_with_the_rate),
		cmocka_unit_test(a_nanosecond_away),
		cmocka_unit_test(nothing_overflows),
		cmocka_unit_test(the_bound_is_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
