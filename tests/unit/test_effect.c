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
	const struct history_sample s = {
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

/* So long as the measurement before the step is among those that are looked at. */
static void what_is_long_ago_is_forgotten(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	assert_false(see(&f, 2 * NS_PER_SEC, 0));
	assert_false(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	for (int i = 2; i < EFFECT_SAMPLES; i++) {
		assert_true(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	}
	for (int i = 0; i < 2 * EFFECT_SAMPLES; i++) {
		assert_false(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	}
	assert_true(see(&f, 2 * NS_PER_SEC, 4 * NS_PER_SEC));
}

/* A measurement before the jump says nothing of the clock that there is now. */
static void after_a_jump_it_begins_anew(void **state)
{
	struct fixture f = { .second = 0 };

	(void)state;
	assert_false(see(&f, 2 * NS_PER_SEC, 0));
	assert_false(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	assert_true(see(&f, 2 * NS_PER_SEC, 2 * NS_PER_SEC));
	assert_false(see(&f, 5 * NS_PER_SEC, 2 * NS_PER_SEC));
	assert_false(see(&f, 5 * NS_PER_SEC, 7 * NS_PER_SEC));
	assert_true(see(&f, 5 * NS_PER_SEC, 7 * NS_PER_SEC));
}

/*
 * The bounds of 100 us hide 400 us of a correction. A rate that varies by 15 ppm up and 15 ppm down
 * explains another 120 us in 4 s.
 */
static void the_rate_may_vary(void **state)
{
	static const struct {
		dur_ns added;
		bool missing;
	} cases[] = {
		{ 515 * NS_PER_US, false },
		{ 525 * NS_PER_US, true },
		{ -515 * NS_PER_US, false },
		{ -525 * NS_PER_US, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f = { .second = 0 };

		assert_false(see(&f, 2 * NS_PER_SEC, 0));
		assert_false(see(&f, 2 * NS_PER_SEC, cases[i].added));
		assert_int_equal(see(&f, 2 * NS_PER_SEC, cases[i].added), cases[i].missing);
	}
}

/* An offset within the bound of 100 us may be right, so nothing can be missing. */
static void an_offset_within_its_bound_says_nothing(void **state)
{
	static const struct {
		dur_ns offset;
		bool missing;
	} cases[] = {
		{ 100 * NS_PER_US, false },
		{ 100 * NS_PER_US + 1, true },
		{ -100 * NS_PER_US, false },
		{ -100 * NS_PER_US - 1, true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fixture f = { .second = 0 };

		assert_false(see(&f, cases[i].offset, 0));
		assert_false(see(&f, cases[i].offset, 2 * NS_PER_SEC));
		assert_int_equal(see(&f, cases[i].offset, 2 * NS_PER_SEC), cases[i].missing);
	}
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
		cmocka_unit_test(what_is_long_ago_is_forgotten),
		cmocka_unit_test(an_offset_within_its_bound_says_nothing),
		cmocka_unit_test(after_a_jump_it_begins_anew),
		cmocka_unit_test(the_rate_may_vary),
		cmocka_unit_test(a_follower_with_a_rate_of_its_own),
		cmocka_unit_test(slews_that_change_nothing),
		cmocka_unit_test(what_works_is_seen),
		cmocka_unit_test(a_jump_is_another_thing),
		cmocka_unit_test(a_clock_that_is_right_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
