/* SPDX-License-Identifier: BSD-3-Clause */
/* Command-line options: how they may be written, and what is said of those that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/options.h"
#include "tests/support/output.h"

enum { SIZE, NAME, LOG, QUIET, NARROW, ONLY_HERE, ONLY_THERE, N };

#define HERE  1
#define THERE 2
#define BOTH  (HERE | THERE)

static const struct option_spec table[N] = {
	[SIZE] = { "size", 's', "N", "how large", BOTH },
	[NAME] = { "name", '\0', "NAME", "what it is called", BOTH },
	[LOG] = { "log", '\0', "FILE", "where to write", BOTH },
	[QUIET] = { "quiet", 'q', NULL, "say nothing", BOTH },
	[NARROW] = { "narrow", 'n', NULL, "as opposed to wide", BOTH },
	[ONLY_HERE] = { "here", 'x', "WHAT", "of this verb", HERE },
	[ONLY_THERE] = { "there", 'x', NULL, "of that verb", THERE },
};

#define MAX_ARGS 12

/* The result of a command line. */
struct parsed {
	int argc;
	char *argv[MAX_ARGS + 1];
	char copies[MAX_ARGS][40];
	int first;         /* the result */
	char applied[200]; /* "size=5 quiet " */
	char said[400];
	size_t refused; /* this option is refused by the test */
};

static bool note(void *context, size_t index, const char *argument)
{
	struct parsed *p = context;
	const size_t len = strlen(p->applied);

	assert_true(index < N);
	snprintf(p->applied + len, sizeof(p->applied) - len, "%s%s%s ", table[index].long_name,
		 argument ? "=" : "", argument ? argument : "");
	return index != p->refused;
}

/* Parse "prog" and the words of `line`, parted by single blanks. */
static struct parsed parse_refusing(unsigned scope, const char *line, size_t refused)
{
	const struct options o = { "prog verb", table, N, scope };
	struct parsed p = { .argc = 1, .refused = refused };
	struct output output;

	strcpy(p.copies[0], "prog");
	for (const char *word = line; *word;) {
		const size_t len = strcspn(word, " ");

		assert_true(p.argc < MAX_ARGS && len < sizeof(p.copies[0]));
		memcpy(p.copies[p.argc++], word, len);
		word += len + (word[len] == ' ');
	}
	for (int i = 0; i < p.argc; i++) {
		p.argv[i] = p.copies[i];
	}
	output_divert(&output, STDERR_FILENO);
	p.first = options_parse(&o, p.argc, p.argv, note, &p);
	output_restore(&output, p.said, sizeof(p.said));
	return p;
}

/* The line is right: these options are applied, and these operands are left. */
static void check_right(unsigned scope, const char *line, const char *applied, const char *operands)
{
	struct parsed p = parse_refusing(scope, line, N);
	char left[200] = "";

	assert_string_equal(p.said, "");
	assert_true(p.first >= 1);
	assert_string_equal(p.applied, applied);
	for (int i = p.first; i < p.argc; i++) {
		strcat(strcat(left, p.argv[i]), " ");
	}
	assert_string_equal(left, operands);
}

static void check_wrong(unsigned scope, const char *line, const char *said)
{
	const struct parsed p = parse_refusing(scope, line, N);
	char expected[400];

	assert_int_equal(p.first, -1);
	snprintf(expected, sizeof(expected), "prog verb: %s; see 'prog verb --help'\n", said);
	assert_string_equal(p.said, expected);
}

static void ways_to_write_them(void **state)
{
	(void)state;
	check_right(HERE, "", "", "");
	check_right(HERE, "--size 5", "size=5 ", "");
	check_right(HERE, "--size=5", "size=5 ", "");
	check_right(HERE, "-s 5", "size=5 ", "");
	check_right(HERE, "-s5", "size=5 ", "");
	check_right(HERE, "-qns5", "quiet narrow size=5 ", "");
	check_right(HERE, "-q -n --quiet", "quiet narrow quiet ", "");
	check_right(HERE, "--name= -q", "name= quiet ", "");
	check_right(HERE, "--siz 5 --q", "size=5 quiet ", ""); /* as getopt_long does */
	check_right(HERE, "-s -q", "size=-q ", "");
}

static void operands_anywhere(void **state)
{
	(void)state;
	check_right(HERE, "a b", "", "a b ");
	check_right(HERE, "a -q b -s 5 c", "quiet size=5 ", "a b c ");
	check_right(HERE, "a -q -- -s b", "quiet ", "a -s b ");
	check_right(HERE, "- -q", "quiet ", "- ");
}

/* The letter x means one thing here and another there. */
static void scopes(void **state)
{
	(void)state;
	check_right(HERE, "-x5 --here 6", "here=5 here=6 ", "");
	check_right(THERE, "-x --there", "there there ", "");
	check_wrong(HERE, "--there", "unknown or misused option '--there'");
	check_wrong(THERE, "--here=5", "unknown or misused option '--here=5'");
	check_wrong(4, "-q", "unknown or misused option '-q'");
}

static void unknown_ones(void **state)
{
	(void)state;
	check_wrong(HERE, "--no-such", "unknown or misused option '--no-such'");
	check_wrong(HERE, "a --no-such=5 b", "unknown or misused option '--no-such=5'");
	check_wrong(HERE, "-z", "unknown or misused option '-z'");
	check_wrong(HERE, "a -qz b", "unknown or misused option '-z'");
	check_wrong(HERE, "-qzn", "unknown or misused option '-z'");
	check_wrong(HERE, "-?", "unknown or misused option '-?'");
	check_wrong(HERE, "-:", "unknown or misused option '-:'");
	check_wrong(HERE, "--n", "unknown or misused option '--n'"); /* --name or --narrow */
}

/* A letter may be anything at all: what is said must not be of another word. */
static void letters_that_are_none(void **state)
{
	(void)state;
	check_wrong(HERE, "a -\xc3\xa9 b", "unknown or misused option '-\\xc3'");
	check_wrong(HERE, "-q\xff", "unknown or misused option '-\\xff'");
	check_wrong(HERE, "-q\x01", "unknown or misused option '-\\x01'");
}

static void arguments_missing_or_too_many(void **state)
{
	(void)state;
	check_wrong(HERE, "--size", "an argument is missing behind '--size'");
	check_wrong(HERE, "a -q -s", "an argument is missing behind '-s'");
	check_wrong(HERE, "-qs", "an argument is missing behind '-s'");
	check_wrong(HERE, "--quiet=5", "unknown or misused option '--quiet=5'");
	check_wrong(HERE, "--quiet=5 --size", "unknown or misused option '--quiet=5'");
}

static void an_empty_name_is_no_file(void **state)
{
	const struct parsed p = parse_refusing(HERE, "--name= --log= -q", N);

	(void)state;
	assert_int_equal(p.first, -1);
	assert_string_equal(p.applied, "name= ");
	assert_string_equal(p.said, "prog verb: --log '': must be the name of a file\n");
}

/* Parsing stops at an option that is refused, and only that one is reported. */
static void a_refused_one_ends_it(void **state)
{
	const struct parsed p = parse_refusing(HERE, "-q -s 5 -n --no-such", SIZE);

	(void)state;
	assert_int_equal(p.first, -1);
	assert_string_equal(p.applied, "quiet size=5 ");
	assert_string_equal(p.said, "");
}

static void a_bad_argument(void **state)
{
	const struct options o = { "prog verb", table, N, HERE };
	struct output output;
	char said[200];
	bool result;

	(void)state;
	output_divert(&output, STDERR_FILENO);
	result = options_bad(&o, SIZE, "large", "a number");
	output_restore(&output, said, sizeof(said));
	assert_false(result);
	assert_string_equal(said, "prog verb: --size 'large': must be a number\n");
}

static void help(void **state)
{
	const struct options o = { "prog verb", table, N, THERE };
	struct output output;
	char said[1000];

	(void)state;
	output_divert(&output, STDOUT_FILENO);
	options_help(&o, stdout);
	output_restore(&output, said, sizeof(said));
	assert_string_equal(said, "  -s, --size N                 how large\n"
				  "      --name NAME              what it is called\n"
				  "      --log FILE               where to write\n"
				  "  -q, --quiet                  say nothing\n"
				  "  -n, --narrow                 as opposed to wide\n"
				  "  -x, --there                  of that verb\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ways_to_write_them),
		cmocka_unit_test(operands_anywhere),
		cmocka_unit_test(scopes),
		cmocka_unit_test(unknown_ones),
		cmocka_unit_test(letters_that_are_none),
		cmocka_unit_test(arguments_missing_or_too_many),
		cmocka_unit_test(an_empty_name_is_no_file),
		cmocka_unit_test(a_refused_one_ends_it),
		cmocka_unit_test(a_bad_argument),
		cmocka_unit_test(help),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
