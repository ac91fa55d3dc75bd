/* SPDX-License-Identifier: BSD-3-Clause */
/* Axes: round numbers, and enough of them, whatever the range; labels that people read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "client/draw/axis.h"
#include "tests/support/random.h"

#define CASES 100000

/* All labels of an axis, as "CELL LABEL, CELL LABEL". */
static const char *labels(const struct axis *a, char buf[400])
{
	char label[AXIS_LABEL_MAX];
	size_t len = 0;
	dur_ns tick;

	buf[0] = '\0';
	for (bool more = axis_first_tick(a, &tick); more; more = axis_next_tick(a, &tick)) {
		len += (size_t)snprintf(buf + len, 400 - len, "%s%u %s%s", len > 0 ? ", " : "",
					axis_cell(a, tick), tick < 0 ? "-" : "",
					axis_label(a, tick, label));
	}
	return buf;
}

static void round_numbers_in_a_fitting_unit(void **state)
{
	static const struct {
		dur_ns low, high;
		const char *labels;
	} cases[] = {
		{ 0, 100, "0 0 ns, 8 20 ns, 16 40 ns, 24 60 ns, 32 80 ns, 40 100 ns" },
		{ 0, 41, "0 0 ns, 10 10 ns, 20 20 ns, 29 30 ns, 39 40 ns" },
		{ 3, 3, "0 3 ns, 40 4 ns" },
		{ -7, 7, "6 -5 ns, 20 0 ns, 34 5 ns" },
		{ -1200, 900, "4 -1.0 us, 13 -0.5 us, 23 0.0 us, 32 0.5 us" },
		{ 9998 * NS_PER_US, 10003 * NS_PER_US,
		  "0 9.998 ms, 8 9.999 ms, 16 10.000 ms, 24 10.001 ms, 32 10.002 ms, 40 10.003 "
		  "ms" },
		{ NS_PER_SEC, NS_PER_SEC + 2,
		  "0 1.000000000 s, 20 1.000000001 s, 40 1.000000002 s" },
		{ 0, 7200 * NS_PER_SEC, "0 0 s, 11 2000 s, 22 4000 s, 33 6000 s" },
	};
	char buf[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct axis a = axis_make(cases[i].low, cases[i].high, 41, 6);

		assert_string_equal(labels(&a, buf), cases[i].labels);
	}
}

/* As clocks and calendars divide times, from the second on. */
static void times_in_a_fitting_unit(void **state)
{
	static const struct {
		dur_ns high;
		const char *labels;
	} cases[] = {
		{ NS_PER_SEC, "0 0.0 s, 8 0.2 s, 16 0.4 s, 24 0.6 s, 32 0.8 s, 40 1.0 s" },
		{ 100 * NS_PER_SEC, "0 0 s, 8 20 s, 16 40 s, 24 60 s, 32 80 s, 40 100 s" },
		{ 7200 * NS_PER_SEC, "0 0 min, 10 30 min, 20 60 min, 30 90 min, 40 120 min" },
		{ 7210 * NS_PER_SEC, "0 0 min, 10 30 min, 20 60 min, 30 90 min, 40 120 min" },
		{ 86400 * NS_PER_SEC, "0 0 h, 10 6 h, 20 12 h, 30 18 h, 40 24 h" },
		{ 100 * 86400 * NS_PER_SEC, "0 0 d, 8 20 d, 16 40 d, 24 60 d, 32 80 d, 40 100 d" },
	};
	char buf[400];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct axis a = axis_make_times(0, cases[i].high, 41, 6);

		assert_string_equal(labels(&a, buf), cases[i].labels);
	}
}

static bool ticks_are_right(const struct axis *a, unsigned most)
{
	dur_ns tick, before = 0;
	unsigned n = 0;

	for (bool more = axis_first_tick(a, &tick); more; more = axis_next_tick(a, &tick)) {
		char label[AXIS_LABEL_MAX];

		if (tick < a->low || tick > a->high || tick % a->step != 0 ||
		    (n > 0 && tick != before + a->step) || axis_cell(a, tick) >= a->cells ||
		    strlen(axis_label(a, tick, label)) >= AXIS_LABEL_MAX - 1) {
			return false;
		}
		before = tick;
		n++;
	}
	return n >= 2 && n <= most;
}

/* Of any size and anywhere, as far apart as the offsets of valid timestamps can be. */
static bool any_range_has_its_ticks(struct random *r)
{
	const dur_ns zero = random_between(r, -TS_LIMIT + 1, TS_LIMIT - 1);
	const dur_ns at = random_between(r, -TS_LIMIT + 1, TS_LIMIT - 1);
	const dur_ns low = at - zero;
	const dur_ns high = low + random_of_any_size(r, TS_LIMIT - 1 - at);
	const unsigned cells = (unsigned)random_between(r, 8, 200);
	const unsigned a_tick = (unsigned)random_between(r, 1, 20);
	const struct axis a =
		(random_between(r, 0, 1) ? axis_make : axis_make_times)(low, high, cells, a_tick);
	const unsigned most = cells / a_tick;

	return ticks_are_right(&a, most < 5 ? 5 : most) && axis_cell(&a, a.low) == 0 &&
	       axis_cell(&a, a.high) == cells - 1;
}

static void ticks_of_random_ranges(void **state)
{
	(void)state;
	assert_true(random_holds("ticks", any_range_has_its_ticks, CASES));
}

/* The farthest that two can be apart. */
static void ticks_of_the_widest_ranges(void **state)
{
	const dur_ns end = TS_LIMIT - 1;
	const struct axis widest = axis_make(-end, end, 80, 12);
	const struct axis highest = axis_make(end, 2 * end, 80, 12);
	const struct axis lowest = axis_make(-2 * end, -end, 80, 12);
	const struct axis longest = axis_make_times(-end, end, 80, 12);

	(void)state;
	assert_true(ticks_are_right(&widest, 6));
	assert_true(ticks_are_right(&highest, 6));
	assert_true(ticks_are_right(&lowest, 6));
	assert_true(ticks_are_right(&longest, 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_numbers_in_a_fitting_unit),
		cmocka_unit_test(times_in_a_fitting_unit),
		cmocka_unit_test(ticks_of_random_ranges),
		cmocka_unit_test(ticks_of_the_widest_ranges),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
