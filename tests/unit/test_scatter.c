/* Scattergrams: what is drawn, exactly; and that any samples fit the paper. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/scatter.h"
#include "tests/support/random.h"

#define CASES        20000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct scatter s; /* large */

/* A sample of that kind, offset and delay: both ways take the same, the answer no time. */
static struct sample sample_of(enum sample_kind kind, dur_ns offset, dur_ns delay)
{
	const ts_ns t1 = NS_PER_SEC;
	const ts_ns t2 = t1 + delay / 2 + offset;

	return (struct sample){ kind, t1, t2, t2, t1 + delay };
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
		"                           delay, there and back",
	};
	const dur_ns zero = 2500 * NS_PER_MS;
	const struct sample samples[] = {
		sample_of(SAMPLE_TIMESTAMPS, zero, 20000),
		sample_of(SAMPLE_TIMESTAMPS, zero + 5000, 30000),
		sample_of(SAMPLE_TIME, zero - 5000, 30000),
		sample_of(SAMPLE_TIMESTAMPS, zero + 12000, 44000),
		sample_of(SAMPLE_TIME, zero + 12000, 44000),
		sample_of(SAMPLE_TIME, zero - 14000, 60000),
	};

	(void)state;
	scatter_draw(&s, samples, COUNT(samples), zero, 60, 14);
	assert_lines(lines, COUNT(lines));
}

/* The order does not matter, not even where a third sample falls on two others. */
static void the_order_does_not_matter(void **state)
{
	struct sample samples[] = {
		sample_of(SAMPLE_TIMESTAMPS, 0, 10), sample_of(SAMPLE_TIME, 0, 10),
		sample_of(SAMPLE_TIMESTAMPS, 0, 10), sample_of(SAMPLE_TIME, 50, 100),
		sample_of(SAMPLE_TIME, 50, 100),
	};
	struct scatter first;

	(void)state;
	scatter_draw(&first, samples, COUNT(samples), 0, 80, 24);
	for (size_t i = 0; i < COUNT(samples) - 1; i++) {
		const struct sample moved = samples[i];

		samples[i] = samples[i + 1];
		samples[i + 1] = moved;
		scatter_draw(&s, samples, COUNT(samples), 0, 80, 24);
		assert_int_equal(s.rows, first.rows);
		for (unsigned row = 0; row < s.rows; row++) {
			assert_string_equal(s.line[row], first.line[row]);
		}
	}
	assert_non_null(strchr(first.line[20], SCATTER_BOTH));
	assert_non_null(strchr(first.line[0], SCATTER_TIME));
}

static void one_sample_and_none(void **state)
{
	const struct sample one = sample_of(SAMPLE_TIMESTAMPS, 7, 10);

	(void)state;
	scatter_draw(&s, &one, 1, 7, 40, 8);
	assert_int_equal(s.rows, 8);
	assert_string_equal(s.line[0], "1 ns slower -|");
	assert_string_equal(s.line[4], "          0 -|o-------------------------");
	assert_string_equal(s.line[6], "            10 ns                  11 ns");
	scatter_draw(&s, NULL, 0, 0, 80, 24);
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
	const struct sample samples[] = {
		sample_of(SAMPLE_TIMESTAMPS, 0, 10),
		sample_of(SAMPLE_TIMESTAMPS, 5, 20),
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		scatter_draw(&s, samples, 2, 0, cases[i].columns, cases[i].rows);
		assert_int_equal(s.rows, cases[i].rows_drawn);
		assert_int_equal(widest_line(), cases[i].columns_drawn);
	}
}

static struct sample random_sample(struct random *r)
{
	struct sample x;

	do {
		x.kind = random_between(r, 0, 1) ? SAMPLE_TIME : SAMPLE_TIMESTAMPS;
		x.t1 = random_of_any_size(r, TS_LIMIT - 1);
		x.t4 = x.t1 + random_of_any_size(r, TS_LIMIT - 1 - x.t1);
		x.t2 = random_of_any_size(r, TS_LIMIT - 1);
		x.t3 = x.kind == SAMPLE_TIME ? x.t2 : x.t2 + (x.t4 - x.t1) / 3;
	} while (sample_check(&x) != SAMPLE_OK);
	return x;
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
			n += *c == SCATTER_ROUND || *c == SCATTER_TIME;
			n += *c == SCATTER_BOTH ? 2 : 0;
		}
	}
	return n;
}

/* Whatever is measured, and whichever offset is taken for zero. */
static bool any_samples_fit(struct random *r)
{
	const unsigned columns = (unsigned)random_between(r, SCATTER_MIN_COLUMNS, 200);
	const unsigned rows = (unsigned)random_between(r, SCATTER_MIN_ROWS, SCATTER_MAX_ROWS);
	const size_t n = (size_t)random_between(r, 1, 5);
	struct sample samples[5];
	dur_ns zero;

	for (size_t i = 0; i < n; i++) {
		samples[i] = random_sample(r);
	}
	zero = random_between(r, 0, 1) ? sample_offset(&samples[0])
				       : random_between(r, -TS_LIMIT + 1, TS_LIMIT - 1);
	scatter_draw(&s, samples, n, zero, columns, rows);
	return s.rows == rows && is_in_shape(columns) && count_marks() >= 1 && count_marks() <= n;
}

static void random_samples_fit(void **state)
{
	(void)state;
	assert_true(random_holds("shape", any_samples_fit, CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_kinds_between_labelled_axes),
		cmocka_unit_test(the_order_does_not_matter),
		cmocka_unit_test(one_sample_and_none),
		cmocka_unit_test(sizes_are_kept_within_limits),
		cmocka_unit_test(random_samples_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
