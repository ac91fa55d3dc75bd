/* SPDX-License-Identifier: BSD-3-Clause */
/* Effect: a clock that follows its correction, and one that is followed by its server. */
#include "core/effect.h"
#include "tests/support/between.h"

#define DRIFT_PPB 15000

struct fixture {
	struct effect effect;
	int64_t second;
};

static bool see(struct fixture *f, dur_ns offset, dur_ns added)
{
	const struct regress_sample s = {
		.at = { .ns = (1 + f->second) * NS_PER_SEC },
		.offset = offset,
		.max_error = 100 * NS_PER_US,
	};

	f->second += 4;
	return effect_is_missing(&f->effect, &s, added, DRIFT_PPB);
}

static void a_step_that_changes_nothing(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	assert_false(see(&f, 2 * NS_PER_SEC, 0));
	assert_false(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	assert_true(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
}

/* The server's clock follows ours, and gains 80 ppm on it. */
static void a_follower_with_a_rate_of_its_own(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	assert_false(see(&f, 2 * NS_PER_SEC, 0));
	assert_false(see(&f, 2 * NS_PER_SEC + 320 * NS_PER_US, 2 * NS_PER_SEC));
	assert_true(see(&f, 2 * NS_PER_SEC + 640 * NS_PER_US, 2 * NS_PER_SEC));
}

/* 2 ms at each poll are what a rate of 500 ppm would take, but not when 4 ms are no other. */
static void slews_that_change_nothing(void **state)
{
	struct fixture f = { .second = 0 };
	dur_ns added = 0;

	(void)state;
	for (int i = 0; i < 4; i++, added += 2 * NS_PER_MS) {
		assert_false(see(&f, 100 * NS_PER_MS, added));
	}
	added += 2 * NS_PER_MS;
	assert_true(see(&f, 100 * NS_PER_MS, added));
}

static void what_works_is_seen(void **state)
{
	struct fixture f = { .second = 0 };
	dur_ns added = 0;

	(void)state;
	assert_false(see(&f, 2 * NS_PER_SEC, 0));
	for (int i = 0; i < 50; i++) { /* a step, and slews of another size each time */
		const dur_ns left = 100 * NS_PER_MS - added;

		assert_false(see(&f, left, 1900 * NS_PER_MS + added));
		added += i % 5 * NS_PER_MS;
	}
}

/* A step by somebody else is no correction without effect. */
static void a_jump_is_another_thing(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	for (int i = 0; i < 10; i++) {
		assert_false(see(&f, 0, i * NS_PER_MS));
	}
	for (int i = 0; i < 10; i++) {
		assert_false(see(&f, 600 * NS_PER_SEC - i * NS_PER_MS, (10 + i) * NS_PER_MS));
	}
}

/* Nor is a clock that is right: there is nothing to see. */
static void a_clock_that_is_right_is_fine(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	for (int i = 0; i < 100; i++) {
		assert_false(see(&f, 50 * NS_PER_US, (i % 7) * NS_PER_MS));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_step_that_changes_nothing),
		cmocka_unit_test(a_follower_with_a_rate_of_its_own),
		cmocka_unit_test(slews_that_change_nothing),
		cmocka_unit_test(what_works_is_seen),
		cmocka_unit_test(a_jump_is_another_thing),
		cmocka_unit_test(a_clock_that_is_right_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
