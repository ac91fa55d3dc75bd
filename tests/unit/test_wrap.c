/* SPDX-License-Identifier: BSD-3-Clause */
/* Long lines in narrow columns. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "print/wrap.h"

static void check(unsigned columns, unsigned indent, const char *line, const char *expected)
{
	char *got = NULL;
	size_t n;
	FILE *out = open_memstream(&got, &n);

	assert_non_null(out);
	wrap_print_within(out, columns, indent, line);
	fclose(out);
	assert_string_equal(got, expected);
	free(got);
}

static void at_blanks(void **state)
{
	(void)state;
	check(20, 4, "", "\n");
	check(20, 4, "short", "short\n");
	check(20, 4, "ok  two  blanks stay", "ok  two  blanks stay\n");
	check(20, 4, "ok  this one is too long for it", "ok  this one is too\n    long for it\n");
	check(20, 0, "twenty columns are en ough", "twenty columns are\nen ough\n");
	check(20, 0, "twenty columns are e nough", "twenty columns are e\nnough\n");
}

static void words_that_are_too_long(void **state)
{
	(void)state;
	check(8, 2, "a verylongword b", "a\n  verylongword\n  b\n");
	check(8, 2, "verylongword", "verylongword\n");
	check(8, 2, "  verylongword", "  verylongword\n");
}

static void styles_and_letters_beyond_ascii(void **state)
{
	(void)state;
	check(8, 2, "\033[31mfour\033[0m four", "\033[31mfour\033[0m\n  four\n");
	check(9, 2, "\033[31mfour\033[0m four", "\033[31mfour\033[0m four\n");
	check(9, 2, "\303\244\303\266\303\274\303\237 four",
	      "\303\244\303\266\303\274\303\237 four\n");
}

static void only_on_a_terminal(void **state)
{
	char *got = NULL;
	size_t n;
	FILE *out = tmpfile(), *copy = open_memstream(&got, &n);
	int c;

	(void)state;
	for (int i = 0; i < 50; i++) {
		fputs("word ", copy);
	}
	fclose(copy);
	wrap_print(out, 4, got);
	rewind(out);
	while ((c = fgetc(out)) != EOF && c != '\n') {
		n--;
	}
	assert_int_equal(n, 0);
	fclose(out);
	free(got);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(at_blanks),
		cmocka_unit_test(words_that_are_too_long),
		cmocka_unit_test(styles_and_letters_beyond_ascii),
		cmocka_unit_test(only_on_a_terminal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
