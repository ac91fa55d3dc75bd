/* SPDX-License-Identifier: BSD-3-Clause */
/* Command-line options: how they may be written, and the messages about wrong ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/ts.h"
#include "os/options.h"
#include "tests/support/output.h"

#define HERE  1
#define THERE 2
#define BOTH  (HERE | THERE)

#define MAX_ARGS 12

enum colour { RED = 3, GREEN, BLUE };

/* The result of a command line. */
struct parsed {
	int argc;
	char *argv[MAX_ARGS + 1];
	char copies[MAX_ARGS][40];
	enum options_outcome outcome;
	char **operands;   /* if it is to run */
	char applied[200]; /* "size=5 quiet " */
	char said[400];
	const char *refused; /* the option of that name is refused by the test */
	/* of the typed rows */
	bool flag, no, given;
	const char *text;
	int64_t number;
	unsigned small;
	size_t size;
	uint16_t port;
	dur_ns positive, period, any, shortest, longest;
	int64_t ppb;
	enum colour colour, set;
};

static bool note(const struct option_given *given)
{
	struct parsed *p = given->record;
	const size_t len = strlen(p->applied);

	snprintf(p->applied + len, sizeof(p->applied) - len, "%s%s%s ", given->row->name,
		 given->text ? "=" : "", given->text ? given->text : "");
	return !p->refused || strcmp(p->refused, given->row->name) != 0;
}

#define NOTED OPTION_OTHER, .read = note

static const struct option_row table[] = {
	{ "size", 's', "N", "how large", BOTH, NOTED },
	{ "name", '\0', "NAME", "what it is called", BOTH, NOTED },
	{ "log", '\0', "FILE", "where to write", BOTH, NOTED },
	{ "quiet", 'q', NULL, "say nothing", BOTH, NOTED },
	{ "narrow", 'n', NULL, "as opposed to wide", BOTH, NOTED },
	{ "here", 'x', "WHAT", "of this verb", HERE, NOTED },
	{ "there", 'x', NULL, "of that verb", THERE, NOTED },
};

#define AT(member)    .place = offsetof(struct parsed, member)
#define GIVEN(member) .given = offsetof(struct parsed, member)

static const struct option_choice colours[] = {
	{ "red", RED }, { "green", GREEN }, { "blue", BLUE }, { NULL, 0 }
};

static const struct option_row typed[] = {
	{ "flag", 'f', NULL, "on", BOTH, OPTION_FLAG, AT(flag), GIVEN(given) },
	{ "no", '\0', NULL, "off", BOTH, OPTION_NO, AT(no) },
	{ "text", '\0', "NAME", "kept", BOTH, OPTION_TEXT, AT(text) },
	{ "number", '\0', "N", "from 1", BOTH, OPTION_INT, AT(number), .least = 1,
	  .most = INT64_MAX },
	{ "small", '\0', "N", "few", BOTH, OPTION_UNSIGNED, AT(small), .standard = 7, .least = 1,
	  .most = 9 },
	{ "amount", '\0', "N", "many", BOTH, OPTION_SIZE, AT(size), .standard = 1024, .least = 1,
	  .most = 5000 },
	{ "port", 'p', "PORT", "where", BOTH, OPTION_PORT, AT(port) },
	{ "positive", '\0', "DUR", "how long", HERE, OPTION_DURATION, AT(positive),
	  .standard = 60 * NS_PER_SEC, .least = 1, .most = 600 * NS_PER_SEC },
	{ "positive", '\0', "DUR", "how long", THERE, OPTION_DURATION, AT(positive),
	  .standard = 90 * NS_PER_MS, .least = 1, .most = 600 * NS_PER_SEC },
	{ "period", '\0', "DUR", "how often", BOTH, OPTION_DURATION, AT(period),
	  .standard = 7200 * NS_PER_SEC, .least = 100 * NS_PER_MS, .most = 86400 * NS_PER_SEC },
	{ "any", '\0', "DUR", "how far", BOTH, OPTION_DURATION, AT(any) },
	{ "span", '\0', "RANGE", "from and to", BOTH, OPTION_RANGE, AT(shortest),
	  .standard = 4 * NS_PER_SEC, .standard_most = 64 * NS_PER_SEC, .least = NS_PER_SEC,
	  .most = 3600 * NS_PER_SEC },
	{ "rate", '\0', "PPM", "how fast", BOTH, OPTION_PPM, AT(ppb), .least = 1000,
	  .most = 5000000, .must_be = "parts per million from 1 to 5000" },
	{ "colour", '\0', "NAME", NULL, BOTH, OPTION_CHOICE, AT(colour), .standard = GREEN,
	  .choices = colours },
	{ "deep", '\0', NULL, "blue", BOTH, OPTION_SET, AT(set), .least = BLUE },
	{ "warm", 'w', NULL, "red", BOTH, OPTION_SET, AT(set), .least = RED },
};

static struct options options_of(unsigned scope, struct parsed *p)
{
	return (struct options){
		.program = "prog verb",
		.operands = "[WORD]...",
		.about = "Do it.",
		.scope = scope,
		.parts = { { table, sizeof(table) / sizeof(table[0]), p },
			   { typed, sizeof(typed) / sizeof(typed[0]), p } },
	};
}

/* Parse "prog" and the words of `line`, parted by single blanks; say what comes on `fd`. */
static void parse_watching(struct parsed *p, unsigned scope, const char *line, const char *refused,
			   int fd, char *said, size_t size)
{
	const struct options o = options_of(scope, p);
	struct output output;

	memset(p, 0, sizeof(*p));
	p->argc = 1;
	p->refused = refused;
	p->no = true;
	strcpy(p->copies[0], "prog");
	for (const char *word = line; *word;) {
		const size_t len = strcspn(word, " ");

		assert_true(p->argc < MAX_ARGS && len < sizeof(p->copies[0]));
		memcpy(p->copies[p->argc++], word, len);
		word += len + (word[len] == ' ');
	}
	for (int i = 0; i < p->argc; i++) {
		p->argv[i] = p->copies[i];
	}
	output_divert(&output, fd);
	p->outcome = options_parse(&o, p->argc, p->argv, &p->operands);
	output_restore(&output, said, size);
}

static struct parsed parse_refusing(unsigned scope, const char *line, const char *refused)
{
	static struct parsed p;
	char said[sizeof(p.said)];

	parse_watching(&p, scope, line, refused, STDERR_FILENO, said, sizeof(said));
	strcpy(p.said, said);
	return p;
}

/* The line is right: these options are applied, and these operands are left. */
static void check_right(unsigned scope, const char *line, const char *applied, const char *operands)
{
	struct parsed p = parse_refusing(scope, line, NULL);
	char left[200] = "";

	assert_string_equal(p.said, "");
	assert_int_equal(p.outcome, OPTIONS_RUN);
	assert_string_equal(p.applied, applied);
	for (char **word = p.operands; *word; word++) {
		strcat(strcat(left, *word), " ");
	}
	assert_string_equal(left, operands);
}

static void check_wrong(unsigned scope, const char *line, const char *said)
{
	const struct parsed p = parse_refusing(scope, line, NULL);
	char expected[400];

	assert_int_equal(p.outcome, OPTIONS_WRONG);
	snprintf(expected, sizeof(expected), "prog verb: %s; see 'prog verb --help'\n", said);
	assert_string_equal(p.said, expected);
}

/* The same of a mistyped option that is near to another. */
static void check_meant(unsigned scope, const char *line, const char *word, const char *meant)
{
	const struct parsed p = parse_refusing(scope, line, NULL);
	char expected[400];

	assert_int_equal(p.outcome, OPTIONS_WRONG);
	snprintf(expected, sizeof(expected),
		 "prog verb: unknown or misused option '%s'; did you mean '%s'? (see 'prog verb "
		 "--help')\n",
		 word, meant);
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
	check_meant(HERE, "--there", "--there", "--here");
	check_meant(THERE, "--here=5", "--here=5", "--there");
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
	check_meant(HERE, "--na", "--na", "--name"); /* or --narrow */
	check_meant(HERE, "--naem x", "--naem", "--name");
	check_meant(HERE, "--qiuet=5", "--qiuet=5", "--quiet");
	check_meant(HERE, "--hlep", "--hlep", "--help");
	check_wrong(HERE, "--qzx", "unknown or misused option '--qzx'");
}

/* A letter may be anything at all: the message must not name another word. */
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
	const struct parsed p = parse_refusing(HERE, "--name= --log= -q", NULL);

	(void)state;
	assert_int_equal(p.outcome, OPTIONS_WRONG);
	assert_string_equal(p.applied, "name= ");
	assert_string_equal(p.said, "prog verb: --log '': must be the name of a file\n");
}

/* Parsing stops at an option that is refused, and only that one is reported. */
static void a_refused_one_ends_it(void **state)
{
	const struct parsed p = parse_refusing(HERE, "-q -s 5 -n --no-such", "size");

	(void)state;
	assert_int_equal(p.outcome, OPTIONS_WRONG);
	assert_string_equal(p.applied, "quiet size=5 ");
	assert_string_equal(p.said, "");
}

static void each_type_is_put_into_its_place(void **state)
{
	struct parsed p = parse_refusing(HERE, "", NULL);

	(void)state;
	assert_true(!p.flag && p.no && !p.given && !p.text && p.number == 0 && p.port == 0);
	assert_true(p.small == 7 && p.size == 1024 && p.any == 0 && p.ppb == 0);
	assert_true(p.positive == 60 * NS_PER_SEC && p.period == 7200 * NS_PER_SEC);
	assert_true(p.colour == GREEN && p.set == 0);
	assert_true(p.shortest == 4 * NS_PER_SEC && p.longest == 64 * NS_PER_SEC);
	assert_true(parse_refusing(THERE, "", NULL).positive == 90 * NS_PER_MS);

	p = parse_refusing(HERE, "-f --no --text=a --number=5 --small=9 --amount=5000 -p 65535",
			   NULL);
	assert_string_equal(p.said, "");
	assert_true(p.flag && !p.no && p.given && strcmp(p.text, "a") == 0 && p.number == 5);
	assert_true(p.small == 9 && p.size == 5000 && p.port == 65535);

	p = parse_refusing(HERE,
			   "--positive=10min --period=100ms --any=-1s --rate=5000 --colour=blue -w",
			   NULL);
	assert_string_equal(p.said, "");
	assert_true(p.positive == 600 * NS_PER_SEC && p.period == 100 * NS_PER_MS);
	assert_true(p.any == -NS_PER_SEC && p.ppb == 5000000);
	assert_true(p.colour == BLUE && p.set == RED);

	p = parse_refusing(HERE, "--span=2s", NULL);
	assert_true(p.shortest == 2 * NS_PER_SEC && p.longest == 2 * NS_PER_SEC);
	p = parse_refusing(HERE, "--span=1s..1h", NULL);
	assert_true(p.shortest == NS_PER_SEC && p.longest == 3600 * NS_PER_SEC);
}

#define A_RANGE  "a duration from 1s to 1h, or two, the shorter first, such as 4s..64s"
#define IN_UNITS " (in ns, us, ms, s, min or h)"

static void what_an_argument_must_be(void **state)
{
	static const char *const wrong[][2] = {
		{ "--number=0", "--number '0': must be a whole number from 1" },
		{ "--small=10", "--small '10': must be a whole number from 1 to 9" },
		{ "--amount=1e3", "--amount '1e3': must be a whole number from 1 to 5000" },
		{ "-p 0", "--port '0': must be a port from 1 to 65535" },
		{ "--positive=0", "--positive '0': must be a positive duration such as 2.5s, 150ms "
				  "or 3us" IN_UNITS },
		{ "--positive=601s", "--positive '601s': must be at most 10min" IN_UNITS },
		{ "--period=99ms",
		  "--period '99ms': must be a duration from 100ms to 24h" IN_UNITS },
		{ "--any=far",
		  "--any 'far': must be a duration such as 2.5s, -150ms or 3us" IN_UNITS },
		{ "--any=1281024h", "--any '1281024h': must be at most 1281023h" IN_UNITS },
		{ "--any=99999999999999999999",
		  "--any '99999999999999999999': must be at most 1281023h" IN_UNITS },
		{ "--any=-1281024h", "--any '-1281024h': must be at least -1281023h" IN_UNITS },
		{ "--positive=9999999h", "--positive '9999999h': must be at most 10min" IN_UNITS },
		{ "--number=9223372036854775808", "--number '9223372036854775808': must be a whole "
						  "number from 1 to 9223372036854775807" },
		{ "--span=2s..1s", "--span '2s..1s': must be " A_RANGE },
		{ "--span=1s..2h", "--span '1s..2h': must be " A_RANGE },
		{ "--span=0..1s", "--span '0..1s': must be " A_RANGE },
		{ "--span=1s..", "--span '1s..': must be " A_RANGE },
		{ "--rate=0.5", "--rate '0.5': must be parts per million from 1 to 5000" },
		{ "--colour=grey", "--colour 'grey': must be red, green or blue" },
		{ "--warm --deep", "--deep and -w exclude each other" },
		{ "--deep -w", "--deep and -w exclude each other" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		const struct parsed p = parse_refusing(HERE, wrong[i][0], NULL);
		char expected[400];

		snprintf(expected, sizeof(expected), "prog verb: %s\n", wrong[i][1]);
		assert_string_equal(p.said, expected);
		assert_int_equal(p.outcome, OPTIONS_WRONG);
	}
	assert_string_equal(parse_refusing(HERE, "-w --warm", NULL).said, "");
}

/* The words for operands say how many there have to be. */
static void numbers_of_operands(void **state)
{
	static char prog[] = "prog", one[] = "one", two[] = "two", empty[] = "";
	static const struct {
		const char *operands;
		char *given[3];
		const char *said;
	} cases[] = {
		{ NULL, { NULL }, "" },
		{ NULL, { one }, "p: 'one' is one argument too many; see 'p --help'\n" },
		{ "FILE", { NULL }, "p: FILE is missing; see 'p --help'\n" },
		{ "FILE", { empty }, "p: FILE is missing; see 'p --help'\n" },
		{ "FILE", { one }, "" },
		{ "FILE", { one, two }, "p: 'two' is one argument too many; see 'p --help'\n" },
		{ "[HOST]", { NULL }, "" },
		{ "[HOST]", { one, two }, "p: 'two' is one argument too many; see 'p --help'\n" },
		{ "[HOST]...", { one, two }, "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct options o = { .program = "p", .operands = cases[i].operands };
		char *argv[] = { prog, cases[i].given[0], cases[i].given[1], NULL };
		const int argc = 1 + !!cases[i].given[0] + !!cases[i].given[1];
		struct output output;
		char said[200], **operands = NULL;
		enum options_outcome outcome;

		output_divert(&output, STDERR_FILENO);
		outcome = options_parse(&o, argc, argv, &operands);
		output_restore(&output, said, sizeof(said));
		assert_string_equal(said, cases[i].said);
		assert_int_equal(outcome, said[0] ? OPTIONS_WRONG : OPTIONS_RUN);
		assert_ptr_equal(operands, argv + 1);
	}
}

static void help(void **state)
{
	static struct parsed p;
	char said[3000];

	(void)state;
	parse_watching(&p, THERE, "-q --help a", NULL, STDOUT_FILENO, said, sizeof(said));
	assert_int_equal(p.outcome, OPTIONS_DONE);
	assert_string_equal(said,
			    "Usage: prog verb [OPTION]... [WORD]...\nDo it.\n\n"
			    "  -s, --size N                 how large\n"
			    "      --name NAME              what it is called\n"
			    "      --log FILE               where to write\n"
			    "  -q, --quiet                  say nothing\n"
			    "  -n, --narrow                 as opposed to wide\n"
			    "  -x, --there                  of that verb\n"
			    "  -f, --flag                   on\n"
			    "      --no                     off\n"
			    "      --text NAME              kept\n"
			    "      --number N               from 1\n"
			    "      --small N                few (default: 7)\n"
			    "      --amount N               many (default: 1024)\n"
			    "  -p, --port PORT              where\n"
			    "      --positive DUR           how long (default: 90ms)\n"
			    "      --period DUR             how often (default: 2h)\n"
			    "      --any DUR                how far\n"
			    "      --span RANGE             from and to (default: 4s..64s)\n"
			    "      --rate PPM               how fast\n"
			    "      --colour NAME            red, green or blue (default: green)\n"
			    "      --deep                   blue\n"
			    "  -w, --warm                   red\n"
			    "  -h, --help                   print this and exit\n"
			    "\nDUR is a number with a unit: ns, us, ms, s, min or h; without one, "
			    "seconds.\n");
}

/* No line is longer than 79 characters; lines of the table are joined, and so are paragraphs. */
static void help_in_79_columns(void **state)
{
	static const struct option_row rows[] = {
		{ "name", 'n', "NAME",
		  "this and that, and a little more\nthan there is room for in one line", 1,
		  OPTION_FLAG, .place = 0 },
		{ "a-name-beyond-the-column", '\0', "NAME", "text", 1, OPTION_FLAG, .place = 0 },
	};
	static char prog[] = "prog", option[] = "--help";
	char *argv[] = { prog, option, NULL };
	const struct options o = {
		.program = "prog",
		.about =
			"A first line that is short,\nand a second one that goes on beyond the end "
			"of the lines of a terminal.\n\nNext:\n  as it   is",
		.scope = 1,
		.parts = { { rows, 2, NULL } },
	};
	struct output output;
	char said[2000];

	(void)state;
	output_divert(&output, STDOUT_FILENO);
	assert_int_equal(options_parse(&o, 2, argv, NULL), OPTIONS_DONE);
	output_restore(&output, said, sizeof(said));
	assert_string_equal(
		said,
		"Usage: prog [OPTION]...\n"
		"A first line that is short, and a second one that goes on beyond the end of the\n"
		"lines of a terminal.\n\nNext:\n  as it   is\n\n"
		"  -n, --name NAME              this and that, and a little more than there is\n"
		"                               room for in one line\n"
		"      --a-name-beyond-the-column NAME text\n"
		"  -h, --help                   print this and exit\n");
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
		cmocka_unit_test(each_type_is_put_into_its_place),
		cmocka_unit_test(what_an_argument_must_be),
		cmocka_unit_test(numbers_of_operands),
		cmocka_unit_test(help),
		cmocka_unit_test(help_in_79_columns),
	};

	return cmocka_run_group_tests_name("options", tests, NULL, NULL);
}
