/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line of the measuring verbs: what it sets, and what does not go together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "client/request.h"
#include "client/verbs.h"
#include "tests/support/output.h"

#define MAX_ARGS 80

static struct fixture {
	struct request r;
	int argc;
	char *argv[MAX_ARGS + 1];
	char words[1000];
	char said[4000]; /* on stderr, or stdout */
} f;

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	return unsetenv("TIMESYNC_CLOCK");
}

static int teardown(void **state)
{
	(void)state;
	request_close(&f.r);
	return 0;
}

/* Parse the words of `line`, parted by single blanks, of that verb; what comes of it. */
static int parse_watching(enum request_scope scope, const char *line, int fd)
{
	static char program[] = "verb";
	struct output output;
	int rc;

	request_close(&f.r);
	assert_true(strlen(line) < sizeof(f.words));
	strcpy(f.words, line);
	f.argc = 1;
	f.argv[0] = program;
	for (char *word = strtok(f.words, " "); word; word = strtok(NULL, " ")) {
		assert_true(f.argc < MAX_ARGS);
		f.argv[f.argc++] = word;
	}
	f.argv[f.argc] = NULL;
	output_divert(&output, fd);
	rc = request_parse(&f.r, scope, "timesync verb", "Does this.", f.argc, f.argv);
	output_restore(&output, f.said, sizeof(f.said));
	return rc;
}

static void check_right(enum request_scope scope, const char *line)
{
	const int rc = parse_watching(scope, line, STDERR_FILENO);

	assert_string_equal(f.said, "");
	assert_int_equal(rc, -1);
}

static void check_wrong(enum request_scope scope, const char *line, const char *said)
{
	char expected[400];

	assert_int_equal(parse_watching(scope, line, STDERR_FILENO), STATUS_USAGE);
	snprintf(expected, sizeof(expected), "timesync verb: %s\n", said);
	assert_string_equal(f.said, expected);
}

static void defaults(void **state)
{
	(void)state;
	check_right(SCOPE_SYNC, "");
	assert_int_equal(f.r.n_hosts, 1);
	assert_string_equal(f.r.hosts[0].name, "localhost");
	assert_int_equal(f.r.hosts[0].port, 0);
	assert_int_equal(f.r.target.family, AF_UNSPEC);
	assert_int_equal(f.r.target.socktype, SOCK_DGRAM);
	assert_int_equal(f.r.target.port, 0);
	assert_int_equal(f.r.measure.rounds, 5);
	assert_int_equal(f.r.measure.method, ESTIMATE_MEAN);
	assert_int_equal(f.r.measure.timeout, NS_PER_SEC);
	assert_false(f.r.measure.interleaved);
	assert_int_equal(f.r.limits.max_change, 0);
	assert_int_equal(f.r.limits.force, POLICY_AUTO);
	assert_int_equal(f.r.format, FORMAT_PEOPLE);
	assert_false(f.r.dry_run);
	assert_null(f.r.clock_file);
}

static void every_option(void **state)
{
	(void)state;
	check_right(SCOPE_SYNC, "-n 7 -m ntp -t tcp -6 -p 5542 --timeout 150ms -c file --step "
				"--max-change 1h --dry-run --format classic a b");
	assert_int_equal(f.r.measure.rounds, 7);
	assert_int_equal(f.r.measure.method, ESTIMATE_NTP);
	assert_int_equal(f.r.target.socktype, SOCK_STREAM);
	assert_int_equal(f.r.target.family, AF_INET6);
	assert_int_equal(f.r.target.port, 5542);
	assert_int_equal(f.r.measure.timeout, 150 * NS_PER_MS);
	assert_string_equal(f.r.clock_file, "file");
	assert_int_equal(f.r.limits.force, POLICY_ALWAYS_STEP);
	assert_int_equal(f.r.limits.max_change, 3600 * NS_PER_SEC);
	assert_true(f.r.dry_run);
	assert_int_equal(f.r.format, FORMAT_CLASSIC);
	assert_int_equal(f.r.n_hosts, 2);
	check_right(SCOPE_QUERY, "--interleaved --json -4");
	assert_true(f.r.measure.interleaved);
	assert_int_equal(f.r.format, FORMAT_JSON);
	assert_int_equal(f.r.target.family, AF_INET);
}

static void what_unsynchronised_servers_may_do(void **state)
{
	static const enum request_scope scopes[] = { SCOPE_SYNC, SCOPE_TRACK };

	(void)state;
	for (size_t i = 0; i < sizeof(scopes) / sizeof(scopes[0]); i++) {
		check_right(scopes[i], "");
		assert_int_equal(f.r.limits.max_unsynchronised, 86400 * NS_PER_SEC);
		check_right(scopes[i], "--allow-unsynchronised");
		assert_int_equal(f.r.limits.max_unsynchronised, 0);
		assert_true(f.r.allow_unsynchronised);
		check_right(scopes[i], "-c file"); /* an exercise */
		assert_int_equal(f.r.limits.max_unsynchronised, 0);
	}
}

/* Those that set or limit a correction are for the verbs that make one. */
static void options_of_other_verbs(void **state)
{
	static const char *const lines[] = { "--step", "--slew", "--max-change=1s", "--dry-run" };

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		check_right(SCOPE_SYNC, lines[i]);
		assert_int_equal(parse_watching(SCOPE_QUERY, lines[i], STDERR_FILENO),
				 STATUS_USAGE);
		assert_non_null(strstr(f.said, "unknown or misused option"));
	}
}

static void conflicts(void **state)
{
	static const char family[] = "-4 and -6 exclude each other";
	static const char force[] = "--step and --slew exclude each other";
	static const char interleaved[] = "--interleaved needs --transport udp";

	(void)state;
	check_wrong(SCOPE_QUERY, "-4 -6", family);
	check_wrong(SCOPE_QUERY, "-6 --ipv4 host", family);
	check_right(SCOPE_QUERY, "-4 -4");
	check_wrong(SCOPE_SYNC, "--step --slew", force);
	check_wrong(SCOPE_SYNC, "--slew --step", force);
	check_right(SCOPE_SYNC, "--slew --slew");
	check_wrong(SCOPE_QUERY, "--interleaved -t tcp", interleaved);
	check_wrong(SCOPE_QUERY, "-t tcp --interleaved", interleaved);
	check_right(SCOPE_QUERY, "-t tcp --interleaved -t udp");
}

static void the_last_of_several_counts(void **state)
{
	(void)state;
	check_right(SCOPE_QUERY, "-n 3 -n 4 --format json --format people -m ntp -m minimum");
	assert_int_equal(f.r.measure.rounds, 4);
	assert_int_equal(f.r.format, FORMAT_PEOPLE);
	assert_int_equal(f.r.measure.method, ESTIMATE_MINIMUM);
}

#define IN_UNITS " (in ns, us, ms, s, min or h)"

static void arguments_out_of_range(void **state)
{
	static const struct {
		const char *line, *said;
	} cases[] = {
		{ "-n 0", "--rounds '0': must be a whole number from 1 to 10000" },
		{ "-n 10001", "--rounds '10001': must be a whole number from 1 to 10000" },
		{ "-n 5x", "--rounds '5x': must be a whole number from 1 to 10000" },
		{ "-m best", "--method 'best': must be mean, cristian, ntp or minimum" },
		{ "-t sctp", "--transport 'sctp': must be udp or tcp" },
		{ "-p 0", "--port '0': must be a port from 1 to 65535" },
		{ "-p 65536", "--port '65536': must be a port from 1 to 65535" },
		{ "--timeout 0", "--timeout '0': must be a positive duration such as 2.5s, 150ms "
				 "or 3us" IN_UNITS },
		{ "--timeout -1s", "--timeout '-1s': must be a positive duration such as 2.5s, "
				   "150ms or 3us" IN_UNITS },
		{ "--timeout 5m", "--timeout '5m': must be a positive duration such as 2.5s, 150ms "
				  "or 3us" IN_UNITS },
		{ "--timeout 1h30min", "--timeout '1h30min': must be a positive duration such as "
				       "2.5s, 150ms or 3us" IN_UNITS },
		{ "--timeout 1day", "--timeout '1day': must be a positive duration such as 2.5s, "
				    "150ms or 3us" IN_UNITS },
		{ "--timeout 601s", "--timeout '601s': must be at most 10min" IN_UNITS },
		{ "--max-change -1s", "--max-change '-1s': must be a positive duration such as "
				      "2.5s, 150ms or 3us" IN_UNITS },
		{ "--format xml", "--format 'xml': must be people, json or classic" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		check_wrong(SCOPE_SYNC, cases[i].line, cases[i].said);
	}
	check_right(SCOPE_SYNC, "-n 10000 -p 65535 --timeout 600s --max-change 1ns");
	check_right(SCOPE_SYNC, "-n 1 -p 1 --timeout 1ns --max-change 1000000h");
}

/* --- hosts ------------------------------------------------------------------------------------ */

static void hosts(void **state)
{
	(void)state;
	check_right(SCOPE_QUERY, "a b:80 [::1]:81 ::2 192.0.2.1");
	assert_int_equal(f.r.n_hosts, 5);
	assert_string_equal(f.r.hosts[1].name, "b");
	assert_int_equal(f.r.hosts[1].port, 80);
	assert_string_equal(f.r.hosts[2].name, "::1");
	assert_int_equal(f.r.hosts[2].port, 81);
	assert_string_equal(f.r.hosts[3].name, "::2");
	assert_int_equal(f.r.hosts[3].port, 0);
	check_right(SCOPE_QUERY, "-- a");
	check_right(SCOPE_QUERY, "-p 80 a a:80");
}

static void hosts_that_are_none(void **state)
{
	(void)state;
	check_wrong(
		SCOPE_QUERY, "a b:0",
		"'b:0' is not HOST, HOST:PORT or [IPV6]:PORT: a port is a number from 1 to 65535");
	check_wrong(SCOPE_QUERY, "a:80x",
		    "'a:80x' is not HOST, HOST:PORT or [IPV6]:PORT: '80x' is not a port: a port is "
		    "a number from 1 to 65535");
	check_wrong(SCOPE_QUERY, "-- -a",
		    "'-a' is not HOST, HOST:PORT or [IPV6]:PORT: a name does not begin with '-' or "
		    "'.'");
	check_wrong(SCOPE_QUERY, "a:80 -p 81", "'a:80' and --port 81 name two different ports");
}

static void hosts_have_a_limit(void **state)
{
	char line[200] = "";

	(void)state;
	for (int i = 0; i < 64; i++) {
		strcat(line, "a ");
	}
	check_right(SCOPE_QUERY, line);
	assert_int_equal(f.r.n_hosts, 64);
	strcat(line, "a");
	check_wrong(SCOPE_QUERY, line, "65 servers are too many: at most 64");
}

/* --- the rest --------------------------------------------------------------------------------- */

static void every_method_has_its_name(void **state)
{
	(void)state;
	for (int m = 0; m < ESTIMATE_METHODS; m++) {
		char line[40];

		snprintf(line, sizeof(line), "-m %s",
			 estimate_method_name((enum estimate_method)m));
		check_right(SCOPE_QUERY, line);
		assert_int_equal(f.r.measure.method, m);
	}
	check_right(SCOPE_TRACK, "");
	assert_int_equal(f.r.measure.method, ESTIMATE_MINIMUM);
	assert_int_equal(f.r.poll_rounds, 0);
	check_right(SCOPE_DOCTOR, "");
	assert_int_equal(f.r.measure.method, ESTIMATE_MEAN);
	assert_int_equal(f.r.measure.rounds, 5);
}

static void help(void **state)
{
	(void)state;
	assert_int_equal(parse_watching(SCOPE_QUERY, "a --help", STDOUT_FILENO), STATUS_DONE);
	assert_memory_equal(f.said,
			    "Usage: timesync verb [OPTION]... [HOST[:PORT]]...\nDoes this.\n", 60);
	assert_non_null(strstr(f.said, "-n, --rounds N "));
	assert_null(strstr(f.said, "--max-change"));
	assert_int_equal(parse_watching(SCOPE_SYNC, "-h", STDOUT_FILENO), STATUS_DONE);
	assert_non_null(strstr(f.said, "--max-change DUR"));
}

static void the_clock_of_the_environment(void **state)
{
	(void)state;
	assert_int_equal(setenv("TIMESYNC_CLOCK", "/clock", 1), 0);
	check_right(SCOPE_QUERY, "");
	assert_string_equal(f.r.clock_file, "/clock");
	check_right(SCOPE_QUERY, "-c other");
	assert_string_equal(f.r.clock_file, "other");
	assert_int_equal(setenv("TIMESYNC_CLOCK", "", 1), 0);
	check_right(SCOPE_QUERY, "");
	assert_null(f.r.clock_file);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(defaults),
		TEST(every_option),
		TEST(what_unsynchronised_servers_may_do),
		TEST(options_of_other_verbs),
		TEST(conflicts),
		TEST(the_last_of_several_counts),
		TEST(arguments_out_of_range),
		TEST(hosts),
		TEST(hosts_that_are_none),
		TEST(hosts_have_a_limit),
		TEST(every_method_has_its_name),
		TEST(help),
		TEST(the_clock_of_the_environment),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
