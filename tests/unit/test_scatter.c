/* SPDX-License-Identifier: BSD-3-Clause */
/* Scattergrams: the exact drawing; and that any samples fit the paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/draw/scatter.h"
#include "tests/support/random.h"

#define CASES        20000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct scatter s; /* large */

static const struct scatter_x delay = { .title = "round-trip delay" };
static const struct scatter_x duration = { .title = "time since then", .is_time = true };

static struct scatter_point one_at(dur_ns offset, dur_ns x)
{
	return (struct scatter_point){ x, offset, false };
}

static struct scatter_point other_at(dur_ns offset, dur_ns x)
{
	return (struct scatter_point){ x, offset, true };
}

static void assert_lines(const char *const *lines, size_t n)
{
	assert_int_equal(s.rows, n);
	for (size_t i = 0; i < n; i++) {
		assert_string_equal(s.line[i], lines[i]);
	}
}

/* Rounds, GET_TIMEs, and one of each in one place; offsets against one of them. */
static void both_kinds_between_labelled_axes(void **state)
{
	static const char *const lines[] = {
		"              |                          *",
		"10 us slower -|",
		"              |",
		"              |           o",
		"              |",
		"           0 -|o--------------------------------------------",
		"              |",
		"              |           x",
		"10 us faster -|",
		"              |",
		"              |                                            x",
		"              +|----------|----------|----------|----------|",
		"             20 us      30 us      40 us      50 us    60 us",
		"                             round-trip delay",
	};
	const struct scatter_point points[] = {
		one_at(0, 20000),     one_at(5000, 30000),    other_at(-5000, 30000),
		one_at(12000, 44000), other_at(12000, 44000), other_at(-14000, 60000),
	};

	(void)state;
	scatter_draw(&s, points, COUNT(points), &delay, 60, 14);
	assert_lines(lines, COUNT(lines));
}

/* The order does not matter, not even where a third sample falls on two others. */
static void the_order_does_not_matter(void **state)
{
	struct scatter_point points[] = {
		one_at(0, 10), other_at(0, 10), one_at(0, 10), other_at(50, 100), other_at(50, 100),
	};
	struct scatter first;

	(void)state;
	scatter_draw(&first, points, COUNT(points), &delay, 80, 24);
	for (size_t i = 0; i < COUNT(points) - 1; i++) {
		const struct scatter_point moved = points[i];

		points[i] = points[i + 1];
		points[i + 1] = moved;
		scatter_draw(&s, points, COUNT(points), &delay, 80, 24);
		assert_int_equal(s.rows, first.rows);
		for (unsigned row = 0; row < s.rows; row++) {
			assert_string_equal(s.line[row], first.line[row]);
		}
	}
	assert_non_null(strchr(first.line[20], SCATTER_BOTH));
	assert_non_null(strchr(first.line[0], SCATTER_OTHER));
}

static void one_sample_and_none(void **state)
{
	const struct scatter_point one = one_at(0, 10);

	(void)state;
	scatter_draw(&s, &one, 1, &delay, 40, 8);
	assert_int_equal(s.rows, 8);
	assert_string_equal(s.line[0], "1 ns slower -|");
	assert_string_equal(s.line[4], "          0 -|o-------------------------");
	assert_string_equal(s.line[6], "            10 ns                  11 ns");
	scatter_draw(&s, NULL, 0, &delay, 80, 24);
	assert_int_equal(s.rows, 0);
}

static size_t widest_line(void)
{
	size_t widest = 0;

	for (unsigned row = 0; row < s.rows; row++) {
		const size_t len = strlen(s.line[row]);

		widest = len > widest ? len : widest;
	}
	return widest;
}

/* A day of it: the axis is in hours. */
static void over_time(void **state)
{
	static const char *const lines[] = {
		"4 us slower -|             o",
		"             |",
		"2 us slower -|",
		"             |                                             o",
		"             |",
		"          0 -|o---------------------------------------------",
		"             |",
		"2 us faster -|",
		"             |                       x",
		"             +|----------|-----------|----------|----------|",
		"             0 h        6 h        12 h       18 h      24 h",
		"                              time since then",
	};
	const dur_ns hour = 3600 * NS_PER_SEC;
	const struct scatter_point points[] = {
		one_at(0, 0),
		one_at(4000, 7 * hour),
		other_at(-3000, 12 * hour),
		one_at(1000, 24 * hour),
	};

	(void)state;
	scatter_draw(&s, points, COUNT(points), &duration, 60, 12);
	assert_lines(lines, COUNT(lines));
}

static void sizes_are_kept_within_limits(void **state)
{
	static const struct {
		unsigned columns, rows, columns_drawn, rows_drawn;
	} cases[] = {
		{ 80, 22, 80, 22 },
		{ 0, 0, SCATTER_MIN_COLUMNS, SCATTER_MIN_ROWS },
		{ 1000, 1000, SCATTER_MAX_COLUMNS, SCATTER_MAX_ROWS },
		{ SCATTER_MAX_COLUMNS, SCATTER_MAX_ROWS, SCATTER_MAX_COLUMNS, SCATTER_MAX_ROWS },
	};
	const struct scatter_point points[] = {
		one_at(0, 10),
		one_at(5, 20),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scatter_draw(&s, points, 2, &delay, cases[i].columns, cases[i].rows);
		assert_int_equal(s.rows, cases[i].rows_drawn);
		assert_int_equal(widest_line(), cases[i].columns_drawn);
	}
}

/* Anywhere, but no two of them further apart than can be told. */
static struct scatter_point random_point(struct random *r)
{
	return (struct scatter_point){
		.x = random_of_any_size(r, TS_LIMIT - 1),
		.offset = random_of_any_size(r, INT64_MAX - 1) - (TS_LIMIT - 1),
		.other = random_between(r, 0, 1) != 0,
	};
}

/* Rows of one shape: the axis of offsets in one column, nothing beyond the paper or blank at ends.
 */
static bool is_in_shape(unsigned columns)
{
	const char *bar = strchr(s.line[0], '|');
	const size_t at = bar ? (size_t)(bar - s.line[0]) : 0;

	for (unsigned row = 0; row < s.rows; row++) {
		const char *line = s.line[row];
		const size_t len = strlen(line);

		if (len == 0 || len > columns || line[len - 1] == ' ') {
			return false;
		}
		if (row < s.rows - 2 && line[at] != (row == s.rows - 3 ? '+' : '|')) {
			return false;
		}
	}
	return at > 0;
}

static size_t count_marks(void)
{
	size_t n = 0;

	for (unsigned row = 0; row < s.rows - 3; row++) {
		const char *field = strchr(s.line[row], '|');

		for (const char *c = field; *c != '\0'; c++) {
			n += *c == SCATTER_ONE || *c == SCATTER_OTHER;
			n += *c == SCATTER_BOTH ? 2 : 0;
		}
	}
	return n;
}

static bool any_points_fit(struct random *r)
{
	const unsigned columns = (unsigned)random_between(r, SCATTER_MIN_COLUMNS, 200);
	const unsigned rows = (unsigned)random_between(r, SCATTER_MIN_ROWS, SCATTER_MAX_ROWS);
	const size_t n = (size_t)random_between(r, 1, 5);
	struct scatter_point points[5];

	for (size_t i = 0; i < n; i++) {
		points[i] = random_point(r);
	}
	scatter_draw(&s, points, n, random_between(r, 0, 1) ? &delay : &duration, columns, rows);
	return s.rows == rows && is_in_shape(columns) && count_marks() >= 1 && count_marks() <= n;
}

static void random_points_fit(void **state)
{
	(void)state;
	assert_true(random_holds("shape", any_points_fit, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_between_labelled_axes),
		cmocka_unit_test(the_order_does_not_matter),
		cmocka_unit_test(one_sample_and_none),
		cmocka_unit_test(over_time),
		cmocka_unit_test(sizes_are_kept_within_limits),
		cmocka_unit_test(random_points_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
