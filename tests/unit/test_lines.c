/* SPDX-License-Identifier: BSD-3-Clause */
/* Lines of a file: their ends, long ones, and reading one again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "os/lines.h"

static struct lines lines_of(const char *text, size_t n)
{
	FILE *in = tmpfile();

	assert_non_null(in);
	assert_int_equal(fwrite(text, 1, n, in), n);
	rewind(in);
	return (struct lines){ .in = in };
}

static void end(struct lines *l)
{
	assert_false(lines_next(l));
	assert_false(lines_next(l));
	assert_int_equal(l->error, 0);
	fclose(l->in);
	lines_free(l);
}

static void assert_line(struct lines *l, const char *text, size_t number, bool complete)
{
	assert_true(lines_next(l));
	assert_int_equal(l->len, strlen(text));
	assert_true(l->len == 0 || memcmp(l->text, text, l->len) == 0);
	assert_int_equal(l->number, number);
	assert_true(l->complete == complete);
	assert_false(l->too_long);
}

static void all_lines(void **state)
{
	struct lines l = lines_of("one\n\n three\nfour", 16);

	(void)state;
	assert_line(&l, "one", 1, true);
	assert_line(&l, "", 2, true);
	assert_true(lines_is_blank(&l));
	assert_line(&l, " three", 3, true);
	assert_false(lines_is_blank(&l));
	assert_line(&l, "four", 4, false);
	end(&l);
	l = lines_of("", 0);
	end(&l);
}

static void one_again(void **state)
{
	struct lines l = lines_of("one\ntwo\n", 8);

	(void)state;
	assert_line(&l, "one", 1, true);
	lines_back(&l);
	assert_line(&l, "one", 1, true);
	assert_line(&l, "two", 2, true);
	end(&l);
}

static void blanks(void **state)
{
	struct lines l = lines_of(" \t\r\n\0\n", 6);

	(void)state;
	assert_true(lines_next(&l));
	assert_true(lines_is_blank(&l));
	assert_true(lines_next(&l));
	assert_int_equal(l.len, 1);
	assert_false(lines_is_blank(&l));
	end(&l);
}

static void one_that_is_too_long(void **state)
{
	const size_t n = LINES_MAX + 10;
	char *text = malloc(n);
	struct lines l;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', n);
	text[n - 3] = '\n';
	l = lines_of(text, n);
	free(text);
	assert_true(lines_next(&l));
	assert_true(l.too_long && l.complete);
	assert_int_equal(l.len, LINES_MAX);
	assert_line(&l, "xx", 2, false);
	end(&l);
}

static void a_file_that_cannot_be_read(void **state)
{
	struct lines l = { .in = fopen("/", "r") };

	(void)state;
	assert_non_null(l.in);
	assert_false(lines_next(&l));
	assert_true(l.error < 0);
	fclose(l.in);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_lines),
		cmocka_unit_test(one_again),
		cmocka_unit_test(blanks),
		cmocka_unit_test(one_that_is_too_long),
		cmocka_unit_test(a_file_that_cannot_be_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
