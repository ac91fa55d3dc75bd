/* SPDX-License-Identifier: BSD-3-Clause */
/* Parsers: texts that are taken, their values, and above all texts that are not. */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/parse.h"
#include "tests/support/random.h"

#define CASES        100000
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Nothing that is parsed here yields it, so it shows that `out` was left alone. */
#define UNTOUCHED INT64_C(-77777777777)

struct number_case {
	const char *text;
	int result;
	int64_t value;
};

static void check_numbers(int (*parse)(const char *, int64_t *), const struct number_case *cases,
			  size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int64_t value = UNTOUCHED;
		int64_t expected = cases[i].result ? UNTOUCHED : cases[i].value;
		int result = parse(cases[i].text, &value);
		if (result != cases[i].result || value != expected) {
			fail_msg("\"%s\": %d, %" PRId64, cases[i].text, result, value);
		}
	}
}

static void durations(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "1", 0, NS_PER_SEC },
		{ "2.5s", 0, 2500 * NS_PER_MS },
		{ "-150ms", 0, -150 * NS_PER_MS },
		{ "3us", 0, 3000 },
		{ "10ns", 0, 10 },
		{ "2min", 0, 120 * NS_PER_SEC },
		{ "1h", 0, 3600 * NS_PER_SEC },
		{ "-0.000000001", 0, -1 },
		{ "0.5", 0, 500 * NS_PER_MS },
		{ "007.50s", 0, 7500 * NS_PER_MS },
		{ "0.1min", 0, 6 * NS_PER_SEC },
		{ "0.0000000001min", 0, 6 },
		{ "0.25h", 0, 900 * NS_PER_SEC },
		{ "0.00000000001h", 0, 36 },
		{ "0.000001ms", 0, 1 },
		{ "1.0ns", 0, 1 },
		{ "0.00000000100000000000000000000000000000000", 0, 1 },
		{ "00000000000000000000000000000000000000001ns", 0, 1 },
		{ "4611686018427387903ns", 0, TS_LIMIT - 1 },
		{ "-4611686018427387903ns", 0, 1 - TS_LIMIT },
		{ "4611686018.427387903", 0, TS_LIMIT - 1 },
	};

	(void)state;
	check_numbers(parse_duration, cases, COUNT(cases));
}

static void ranges_of_durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		dur_ns least, most;
	} cases[] = {
		{ "4s", 0, 4 * NS_PER_SEC, 4 * NS_PER_SEC },
		{ "4s..64s", 0, 4 * NS_PER_SEC, 64 * NS_PER_SEC },
		{ "-1ms..0.5", 0, -NS_PER_MS, 500 * NS_PER_MS },
		{ "2s..2s", 0, 2 * NS_PER_SEC, 2 * NS_PER_SEC },
		{ "2s..1s", -ERANGE, UNTOUCHED, UNTOUCHED },
		{ "", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "..", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "1s..", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "..1s", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "1s..2s..3s", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "1s...2s", -EINVAL, UNTOUCHED, UNTOUCHED },
		{ "0000000000000000000000000000000000000001s..2s", -EINVAL, UNTOUCHED, UNTOUCHED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		dur_ns least = UNTOUCHED, most = UNTOUCHED;

		assert_int_equal(parse_duration_range(cases[i].text, &least, &most),
				 cases[i].result);
		assert_int_equal(least, cases[i].least);
		assert_int_equal(most, cases[i].most);
	}
}

static void malformed_durations(void **state)
{
	static const struct number_case cases[] = {
		{ "", -EINVAL, 0 },
		{ " ", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ "1s ", -EINVAL, 0 },
		{ "1\n", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "- 1", -EINVAL, 0 },
		{ "1-", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ "-s", -EINVAL, 0 },
		{ ".", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ ".5s", -EINVAL, 0 },
		{ "-.5s", -EINVAL, 0 },
		{ "1.-5", -EINVAL, 0 },
		{ "1.2.3", -EINVAL, 0 },
		{ "1,5", -EINVAL, 0 },
		{ "1_000", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1e-3s", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
		{ "10h30min", -EINVAL, 0 },
		{ "1:30", -EINVAL, 0 },
		{ "inf", -EINVAL, 0 },
		{ "nan", -EINVAL, 0 },
		{ "1m", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1MS", -EINVAL, 0 },
		{ "1sec", -EINVAL, 0 },
		{ "1ss", -EINVAL, 0 },
		{ "1msx", -EINVAL, 0 },
		{ "1hs", -EINVAL, 0 },
		{ "1d", -EINVAL, 0 },
		{ "1ppm", -EINVAL, 0 },
		/* Micro sign, Greek mu, and digits that are not ASCII. */
		{ "1\xc2\xb5s", -EINVAL, 0 },
		{ "1\xce\xbcs", -EINVAL, 0 },
		{ "\xd9\xa1s", -EINVAL, 0 },
		{ "\xff", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_duration, cases, COUNT(cases));
}

static void durations_too_fine_or_too_long(void **state)
{
	static const struct number_case cases[] = {
		/* Finer than a nanosecond. */
		{ "1.5ns", -EINVAL, 0 },
		{ "0.0001us", -EINVAL, 0 },
		{ "0.0000000001", -EINVAL, 0 },
		{ "0.00000000001min", -EINVAL, 0 },
		{ "0.000000000001h", -EINVAL, 0 },
		{ "0.000000000000000000000000000000000000000000001", -EINVAL, 0 },
		/* Too much; a text that is malformed as well is called malformed. */
		{ "4611686018427387904ns", -ERANGE, 0 },
		{ "-4611686018427387904ns", -ERANGE, 0 },
		{ "4611686018.427387904", -ERANGE, 0 },
		{ "4611686019", -ERANGE, 0 },
		{ "1281024h", -ERANGE, 0 },
		{ "9223372036854775808ns", -ERANGE, 0 },
		{ "18446744073709551616ns", -ERANGE, 0 },
		{ "18446744073709551617", -ERANGE, 0 },
		{ "-99999999999999999999999999999999999999999999999h", -ERANGE, 0 },
		{ "99999999999999999999999999999999999999999999999x", -EINVAL, 0 },
		{ "99999999999999999999999999999999999999999999999.5ns", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_duration, cases, COUNT(cases));
}

static int parse_any_int(const char *text, int64_t *out)
{
	return parse_int(text, INT64_MIN, INT64_MAX, out);
}

static int parse_minus_5_to_10(const char *text, int64_t *out)
{
	return parse_int(text, -5, 10, out);
}

static void integers(void **state)
{
	static const struct number_case any[] = {
		{ "0", 0, 0 },
		{ "-0", 0, 0 },
		{ "42", 0, 42 },
		{ "-42", 0, -42 },
		{ "010", 0, 10 },
		{ "9223372036854775807", 0, INT64_MAX },
		{ "-9223372036854775807", 0, INT64_MIN + 1 },
		{ "-9223372036854775808", 0, INT64_MIN },
		{ "9223372036854775808", -ERANGE, 0 },
		{ "-9223372036854775809", -ERANGE, 0 },
		{ "18446744073709551616", -ERANGE, 0 },
		{ "18446744073709551658", -ERANGE, 0 },
		{ "100000000000000000000000000000000000000", -ERANGE, 0 },
		{ "100000000000000000000000000000000000000x", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "-", -EINVAL, 0 },
		{ "--1", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ " 1", -EINVAL, 0 },
		{ "1 ", -EINVAL, 0 },
		{ "1\t", -EINVAL, 0 },
		{ "1x", -EINVAL, 0 },
		{ "1s", -EINVAL, 0 },
		{ "0x1", -EINVAL, 0 },
		{ "1e3", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ "1.0", -EINVAL, 0 },
		{ "abc", -EINVAL, 0 },
	};
	static const struct number_case limited[] = {
		{ "-5", 0, -5 },      { "10", 0, 10 },       { "-6", -ERANGE, 0 },
		{ "11", -ERANGE, 0 }, { "10x", -EINVAL, 0 }, { "11x", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_any_int, any, COUNT(any));
	check_numbers(parse_minus_5_to_10, limited, COUNT(limited));
}

static void frequencies(void **state)
{
	static const struct number_case cases[] = {
		{ "0", 0, 0 },
		{ "50", 0, 50000 },
		{ "-0.25", 0, -250 },
		{ "50ppm", 0, 50000 },
		{ "0.001", 0, 1 },
		{ "-0.0010000ppm", 0, -1 },
		{ "100000", 0, 100000000 },
		{ "-100000.000ppm", 0, -100000000 },
		{ "100000.001", -ERANGE, 0 },
		{ "-100001", -ERANGE, 0 },
		{ "99999999999999999999999999", -ERANGE, 0 },
		{ "0.0001", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "ppm", -EINVAL, 0 },
		{ "+1", -EINVAL, 0 },
		{ "1.", -EINVAL, 0 },
		{ ".5", -EINVAL, 0 },
		{ "1 ppm", -EINVAL, 0 },
		{ "1PPM", -EINVAL, 0 },
		{ "1ppb", -EINVAL, 0 },
		{ "1ppm ", -EINVAL, 0 },
		{ "1pp", -EINVAL, 0 },
		{ "1e2", -EINVAL, 0 },
		{ "1s", -EINVAL, 0 },
		{ "0x10", -EINVAL, 0 },
	};

	(void)state;
	check_numbers(parse_ppm, cases, COUNT(cases));
}

static void hosts(void **state)
{
	static const struct {
		const char *text, *name;
		uint16_t port;
	} cases[] = {
		{ "localhost", "localhost", 0 },
		{ "time.example.org.", "time.example.org.", 0 },
		{ "my_host-2", "my_host-2", 0 },
		{ "host:1", "host", 1 },
		{ "host:65535", "host", 65535 },
		{ "192.0.2.7", "192.0.2.7", 0 },
		{ "192.0.2.7:4000", "192.0.2.7", 4000 },
		{ "[::1]", "::1", 0 },
		{ "[::1]:4000", "::1", 4000 },
		{ "::1", "::1", 0 },
		{ "::", "::", 0 },
		{ "2001:DB8::a:4000", "2001:DB8::a:4000", 0 },
		{ "::ffff:192.0.2.7", "::ffff:192.0.2.7", 0 },
		{ "fe80::1%eth0", "fe80::1%eth0", 0 },
		{ "fe80::1%2", "fe80::1%2", 0 },
		{ "[fe80::1%wlp2s0.7]:99", "fe80::1%wlp2s0.7", 99 },
		{ "fe80::1%eth0:1", "fe80::1%eth0:1", 0 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct parse_host h;
		memset(&h, 0xaa, sizeof h);
		if (parse_host(cases[i].text, &h) != 0 || strcmp(h.name, cases[i].name) != 0 ||
		    h.port != cases[i].port) {
			fail_msg("%s", cases[i].text);
		}
	}
}

struct bad_host {
	const char *text;
	int result;
};

static void check_bad_hosts(const struct bad_host *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct parse_host h = { .name = "untouched", .port = 7 };
		int result = parse_host(cases[i].text, &h);
		if (result != cases[i].result || strcmp(h.name, "untouched") != 0 || h.port != 7) {
			fail_msg("\"%s\": %d, %s", cases[i].text, result, h.name);
		}
	}
}

static void bad_names_and_ports(void **state)
{
	static const struct bad_host cases[] = {
		{ "", -EINVAL },
		{ " ", -EINVAL },
		{ " host", -EINVAL },
		{ "host ", -EINVAL },
		{ "ho st", -EINVAL },
		{ "host\n", -EINVAL },
		{ "-host", -EINVAL },
		{ ".", -EINVAL },
		{ ".host", -EINVAL },
		{ "5542", -EINVAL },
		{ "5542:1", -EINVAL },
		{ "host/path", -EINVAL },
		{ "user@host", -EINVAL },
		{ "host%eth0", -EINVAL },
		{ "h\xc3\xb6st", -EINVAL },
		{ ":", -EINVAL },
		{ ":4000", -EINVAL },
		{ "host:", -EINVAL },
		{ "host:0", -EINVAL },
		{ "host:00", -EINVAL },
		{ "host:-1", -EINVAL },
		{ "host:-0", -EINVAL },
		{ "host:+1", -EINVAL },
		{ "host: 1", -EINVAL },
		{ "host:1 ", -EINVAL },
		{ "host:http", -EINVAL },
		{ "host:1.0", -EINVAL },
		{ "host:0x50", -EINVAL },
		{ "host:65536", -ERANGE },
		{ "host:99999999999999999999999", -ERANGE },
		{ "host:99999999999999999999999x", -EINVAL },
		{ "host:1:2", -EINVAL },
	};

	(void)state;
	check_bad_hosts(cases, COUNT(cases));
}

static void bad_v6_and_brackets(void **state)
{
	static const struct bad_host cases[] = {
		{ "[", -EINVAL },         { "]", -EINVAL },          { "[]", -EINVAL },
		{ "[]:1", -EINVAL },      { "[::1", -EINVAL },       { "::1]", -EINVAL },
		{ "[::1]]", -EINVAL },    { "[[::1]]", -EINVAL },    { "[::1]4000", -EINVAL },
		{ "[::1]:", -EINVAL },    { "[::1]:0", -EINVAL },    { "[::1]:65536", -ERANGE },
		{ "[::1]:1:2", -EINVAL }, { "[host]", -EINVAL },     { "[192.0.2.7]:1", -EINVAL },
		{ "[1:2]", -EINVAL },     { "::g", -EINVAL },        { "::gg", -EINVAL },
		{ "::1/eth0", -EINVAL },  { "[::1 eth0]", -EINVAL }, { "::1 ", -EINVAL },
		{ "::1%", -EINVAL },      { "[::1%]", -EINVAL },     { "::1%a%b", -EINVAL },
		{ "::1%a/b", -EINVAL },   { "%eth0::", -EINVAL },    { "1%a:b:c", -EINVAL },
		{ "[1%a:b:c]", -EINVAL }, { "[1:%:]", -EINVAL },
	};

	(void)state;
	check_bad_hosts(cases, COUNT(cases));
}

/* Nothing of an earlier text is left over for one that is cut off. */
static void a_bracket_that_is_not_closed_after_one_that_is(void **state)
{
	struct parse_host h;

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_int_equal(parse_host("[::1]:5600", &h), 0);
		assert_int_equal(parse_host("[::1", &h), -EINVAL);
	}
}

static void long_hosts(void **state)
{
	char text[400];
	struct parse_host h = { .port = 0 };

	(void)state;
	memset(text, 'a', sizeof text);
	memcpy(text + PARSE_HOST_MAX, ":123", sizeof ":123");
	assert_int_equal(parse_host(text, &h), 0);
	assert_int_equal(strlen(h.name), PARSE_HOST_MAX);
	assert_int_equal(h.port, 123);

	memcpy(text, "keep:1", sizeof "keep:1");
	assert_int_equal(parse_host(text, &h), 0);
	memset(text, 'a', sizeof text);
	text[PARSE_HOST_MAX + 1] = '\0';
	assert_int_equal(parse_host(text, &h), -ENAMETOOLONG);
	assert_string_equal(h.name, "keep");

	/* Brackets do not count. */
	memset(text, ':', sizeof text);
	text[0] = '[';
	memcpy(text + PARSE_HOST_MAX + 1, "]", sizeof "]");
	assert_int_equal(parse_host(text, &h), 0);
	memset(text + 1, ':', PARSE_HOST_MAX + 1);
	memcpy(text + PARSE_HOST_MAX + 2, "]", sizeof "]");
	assert_int_equal(parse_host(text, &h), -ENAMETOOLONG);
}

/* Any duration, written out as the program writes them, is read back as it was. */
static bool duration_comes_back(struct random *r)
{
	dur_ns magnitude = random_of_any_size(r, TS_LIMIT - 1);
	bool negative = random_between(r, 0, 1);
	char text[64];
	dur_ns value;

	snprintf(text, sizeof text, "%s%" PRId64 ".%09" PRId64 "s", negative ? "-" : "",
		 magnitude / NS_PER_SEC, magnitude % NS_PER_SEC);
	return parse_duration(text, &value) == 0 && value == (negative ? -magnitude : magnitude);
}

static bool integer_comes_back(struct random *r)
{
	int64_t n = (int64_t)random_next(r) >> random_between(r, 0, 62);
	char text[32];
	int64_t value;

	snprintf(text, sizeof text, "%" PRId64, n);
	return parse_int(text, n, n, &value) == 0 && value == n;
}

/*
 * Texts of likely characters: whatever comes out keeps what the header says of it. The sanitizers
 * watch the rest.
 */
static bool results_keep_their_promises(struct random *r)
{
	static const char likely[] = "0123456789..--::[]%%msunhipa ";
	char text[12];
	size_t n = (size_t)random_between(r, 0, sizeof text - 1);
	int64_t d = UNTOUCHED, i = UNTOUCHED, p = UNTOUCHED;
	struct parse_host h = { .name = "untouched" };

	for (size_t k = 0; k < n; k++) {
		text[k] = likely[random_between(r, 0, sizeof likely - 2)];
	}
	text[n] = '\0';
	int error_d = parse_duration(text, &d);
	int error_i = parse_int(text, -100, 100, &i);
	int error_p = parse_ppm(text, &p);
	int error_h = parse_host(text, &h);
	return (error_d ? d == UNTOUCHED : d < TS_LIMIT && -d < TS_LIMIT) &&
	       (error_i ? i == UNTOUCHED : i >= -100 && i <= 100) &&
	       (error_p ? p == UNTOUCHED : p >= -100000000 && p <= 100000000) &&
	       (error_h ? strcmp(h.name, "untouched") == 0 : strstr(text, h.name) != NULL) &&
	       h.name[0] != '\0';
}

static void round_trips(void **state)
{
	(void)state;
	assert_true(random_holds("durations come back", duration_comes_back, CASES));
	assert_true(random_holds("integers come back", integer_comes_back, CASES));
}

static void any_text(void **state)
{
	(void)state;
	assert_true(random_holds("any text", results_keep_their_promises, 10 * CASES));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations),
		cmocka_unit_test(ranges_of_durations),
		cmocka_unit_test(malformed_durations),
		cmocka_unit_test(durations_too_fine_or_too_long),
		cmocka_unit_test(integers),
		cmocka_unit_test(frequencies),
		cmocka_unit_test(hosts),
		cmocka_unit_test(bad_names_and_ports),
		cmocka_unit_test(bad_v6_and_brackets),
		cmocka_unit_test(a_bracket_that_is_not_closed_after_one_that_is),
		cmocka_unit_test(long_hosts),
		cmocka_unit_test(round_trips),
		cmocka_unit_test(any_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
