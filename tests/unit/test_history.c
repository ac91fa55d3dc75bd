/* SPDX-License-Identifier: BSD-3-Clause */
/* History: the measurements it keeps, and the limits that they set to the rate. */
#include <errno.h>

#include "core/history.h"
#include "tests/support/between.h"
#include "tests/support/random.h"

#define CASES 20000

static struct mono at_s(int64_t seconds)
{
	return (struct mono){ .ns = seconds * NS_PER_SEC };
}

static void add_within(struct history *r, int64_t seconds, dur_ns offset, dur_ns max_error)
{
	const struct history_sample s = { at_s(seconds), offset, max_error };

	assert_int_equal(history_add(r, &s), 0);
}

static void time_only_goes_on(void **state)
{
	struct history h = { .count = 0 };
	const struct history_sample same = { .at = at_s(5), .offset = 1 };
	const struct history_sample earlier = { .at = { 5 * NS_PER_SEC - 1 }, .offset = 1 };

	(void)state;
	add_within(&h, 5, 0, 0);
	assert_int_equal(history_add(&h, &same), -EINVAL);
	assert_int_equal(history_add(&h, &earlier), -EINVAL);
	assert_int_equal(h.count, 1);
	assert_int_equal(h.samples[0].offset, 0);
}

static void the_oldest_are_forgotten(void **state)
{
	struct history h = { .count = 0 };

	(void)state;
	for (int i = 0; i < HISTORY_SAMPLES + 3; i++) {
		add_within(&h, i, i, 0);
	}
	assert_int_equal(h.count, HISTORY_SAMPLES);
	assert_int_equal(h.samples[0].offset, 3);
	history_shorten(&h, HISTORY_SAMPLES);
	assert_int_equal(h.count, HISTORY_SAMPLES);
	history_shorten(&h, 2);
	assert_int_equal(h.count, 2);
	assert_int_equal(h.samples[0].offset, HISTORY_SAMPLES + 1);
	assert_int_equal(h.samples[1].offset, HISTORY_SAMPLES + 2);
	history_shorten(&h, 0);
	assert_int_equal(h.count, 0);
}

static void assert_limits(const struct history *r, int64_t low, int64_t high)
{
	int64_t found_low = 0;
	int64_t found_high = 0;

	assert_int_equal(history_rates(r, &found_low, &found_high), 0);
	/* rounded outwards, and up to 1 ppb more */
	assert_between(low - 1, found_low, low);
	assert_between(high, found_high, high + 1);
}

static void the_rate_has_limits(void **state)
{
	struct history r = { .count = 0 };
	int64_t low = 1;
	int64_t high = 2;

	(void)state;
	add_within(&r, 0, 0, 500);
	assert_int_equal(history_rates(&r, &low, &high), -ENODATA);
	assert_int_equal(low, 1);
	assert_int_equal(high, 2);
	add_within(&r, 10, 1000, 500); /* from 500 to 500, or from -500 to 1500 */
	assert_limits(&r, 0, 200);
	/* 140 to 260 from the second, 120 to 180 from the first */
	add_within(&r, 20, 3000, 100);
	assert_limits(&r, 140, 180);
	add_within(&r, 30, 30, INT64_MAX); /* says nothing */
	assert_limits(&r, 140, 180);
}

/* A rate that changed: on average it has been at least 100 and at most -100. */
static void limits_that_cross_are_told(void **state)
{
	struct history r = { .count = 0 };

	(void)state;
	add_within(&r, 0, 0, 0);
	add_within(&r, 10, 1000, 0);
	add_within(&r, 20, 0, 0);
	assert_limits(&r, 100, -100);
}

/* Whatever is in it, the limits fit. */
static void extremes_fit(void **state)
{
	const dur_ns most = TS_LIMIT - 1;
	struct history h = { .count = 0 };
	int64_t low, high;

	(void)state;
	for (int i = 0; i < HISTORY_SAMPLES; i++) {
		const struct history_sample s = {
			.at = { i + (i == HISTORY_SAMPLES - 1 ? INT64_MAX / 2 : 0) },
			.offset = i % 2 ? most : -most,
			.max_error = i % 3 ? most : 0,
		};

		assert_int_equal(history_add(&h, &s), 0);
		if (h.count >= 2) {
			assert_int_equal(history_rates(&h, &low, &high), 0);
			assert_true(low > INT64_MIN && high > INT64_MIN);
		}
	}
}

/* Any constant rate, with measurements within their errors, is within the limits. */
static bool rate_is_within_limits(struct random *r)
{
	struct history known = { .count = 0 };
	int64_t rate_ppb = random_between(r, -1000000, 1000000);
	int64_t n = random_between(r, 2, HISTORY_SAMPLES + 10);
	int64_t second = random_of_any_size(r, 1000000);
	int64_t low, high;

	for (int64_t i = 0; i < n; i++) {
		dur_ns e = random_of_any_size(r, NS_PER_SEC);
		dur_ns error = random_between(r, 0, 1) ? random_between(r, -e, e) : e;

		second += random_between(r, 1, 1000);
		add_within(&known, second, second * rate_ppb + error, e);
	}
	return history_rates(&known, &low, &high) == 0 && low <= rate_ppb && rate_ppb <= high;
}

static void limits_are_sound(void **state)
{
	(void)state;
	assert_true(random_holds("rate_is_within_limits", rate_is_within_limits, CASES / 2));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(time_only_goes_on),   cmocka_unit_test(the_oldest_are_forgotten),
		cmocka_unit_test(the_rate_has_limits), cmocka_unit_test(limits_that_cross_are_told),
		cmocka_unit_test(extremes_fit),        cmocka_unit_test(limits_are_sound),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
