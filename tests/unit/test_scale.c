/* SPDX-License-Identifier: BSD-3-Clause */
/* Scales of pictures: units, and when they are logarithmic. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "client/draw/scale.h"

static void assert_place(const struct scale *s, dur_ns value, double place)
{
	assert_true(fabs(scale_place(s, value) - place) < 1e-9);
}

static struct scale scale_of(int64_t first, int64_t others, size_t n, bool may_be_log)
{
	int64_t values[100];
	struct scale s;

	for (size_t i = 0; i < n; i++) {
		values[i] = i == 0 ? first : i % 2 ? others : -others;
	}
	scale_make(&s, values, n, may_be_log);
	return s;
}

static void linear_ones(void **state)
{
	static const struct {
		int64_t most;
		const char *unit;
		double ns;
	} cases[] = {
		{ 0, "ns", 1 },           { 999, "ns", 1 },
		{ 1000, "us", 1e3 },      { 999999, "us", 1e3 },
		{ 2500000, "ms", 1e6 },   { -2500000, "ms", 1e6 },
		{ 1000000000, "s", 1e9 }, { INT64_C(9000000000000), "s", 1e9 },
	};
	char label[SCALE_LABEL_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct scale s = scale_of(cases[i].most, cases[i].most, 10, true);

		assert_false(s.is_log);
		assert_string_equal(s.unit_name, cases[i].unit);
		assert_true(atof(s.ticks) > 0);
		assert_place(&s, cases[i].most, (double)cases[i].most / cases[i].ns);
	}
	assert_string_equal(scale_label(&(struct scale){ .unit_name = "us" }, "duration", label),
			    "duration (us)");
}

static void of_nothing(void **state)
{
	struct scale s;

	(void)state;
	scale_make(&s, NULL, 0, true);
	assert_false(s.is_log);
	assert_place(&s, 5, 5);
	assert_true(scale_range(&s).from < scale_range(&s).to);
}

/* Room at both ends, but none below a least value of 0; and of one value alone. */
static void ranges(void **state)
{
	struct scale s;

	(void)state;
	scale_make_linear(&s, 0, 1000, 1, "ns");
	assert_true(scale_range(&s).from == 0 && scale_range(&s).to > 1000);
	assert_string_equal(s.ticks, "500");
	scale_make_linear(&s, -1000, 0, 1, "ns");
	assert_true(scale_range(&s).from < -1000 && scale_range(&s).to > 0);
	scale_make_linear(&s, 50000, 50000, 1000, "ppm");
	assert_true(scale_range(&s).from < 50 && scale_range(&s).to > 50);
}

/* A start of 2.5 s before offsets of 10 us. */
static void where_one_would_flatten_all(void **state)
{
	struct scale s = scale_of(INT64_C(2500000000), 10000, 100, true);
	char label[SCALE_LABEL_MAX];

	(void)state;
	assert_true(s.is_log);
	assert_place(&s, 0, 0);
	assert_true(scale_place(&s, 10000) > 0.2);
	assert_true(scale_place(&s, INT64_C(2500000000)) < 10);
	assert_place(&s, -10000, -scale_place(&s, 10000));
	assert_true(scale_range(&s).from < -scale_place(&s, 10000));
	assert_true(scale_range(&s).to > scale_place(&s, INT64_C(2500000000)));
	assert_non_null(strstr(s.ticks, "(\"0\" 0, "));
	assert_non_null(strstr(s.ticks, "\"100 us\""));
	assert_non_null(strstr(s.ticks, "\"-100 us\""));
	assert_true(s.ticks[strlen(s.ticks) - 1] == ')');
	assert_string_equal(scale_label(&s, "slow +, fast -", label),
			    "slow +, fast -, logarithmic");
	s = scale_of(INT64_C(2500000000), 10000, 100, false);
	assert_false(s.is_log);
}

/* A size that is not far from the others, or below a microsecond, is no reason. */
static void no_reason_for_a_logarithm(void **state)
{
	(void)state;
	assert_false(scale_of(200000, 10000, 100, true).is_log);
	assert_false(scale_of(2000, 1, 100, true).is_log);
}

/* From nanoseconds to centuries there is room for all ticks. */
static void the_widest(void **state)
{
	const struct scale s = scale_of(INT64_C(4000000000000000000), 1, 100, true);

	(void)state;
	assert_true(s.is_log);
	assert_true(s.ticks[strlen(s.ticks) - 1] == ')');
	assert_true(strlen(s.ticks) < SCALE_TICKS_MAX - 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(linear_ones),
		cmocka_unit_test(of_nothing),
		cmocka_unit_test(ranges),
		cmocka_unit_test(where_one_would_flatten_all),
		cmocka_unit_test(no_reason_for_a_logarithm),
		cmocka_unit_test(the_widest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
