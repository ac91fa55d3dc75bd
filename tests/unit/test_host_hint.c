/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts with a typing error: the hint about each. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/host_hint.h"
#include "core/parse.h"
#include "tests/support/random.h"

static void hints(void **state)
{
	static const struct {
		const char *text, *hint;
	} rows[] = {
		{ "", "it is empty" },
		{ "[::1]5600", "a ':' belongs between ']' and the port: [::1]:5600" },
		{ "[fe80::1%eth0]99", "a ':' belongs between ']' and the port: [fe80::1%eth0]:99" },
		{ "[::1]99999", "a ':' belongs between ']' and the port" },
		{ "[::1", "the ']' after the IPv6 address is missing" },
		{ "::1]:5600", "the '[' before the IPv6 address is missing" },
		{ "[host]:5600", "brackets are for IPv6 addresses only: host:5600" },
		{ "[192.0.2.7]", "brackets are for IPv6 addresses only: 192.0.2.7" },
		{ "[::1]:", "the port after ':' is missing" },
		{ "[::1]:0", "a port is a number from 1 to 65535" },
		{ "[::1]:x", "'x' is not a port: a port is a number from 1 to 65535" },
		{ "[::g]", "the text in brackets is not an IPv6 address" },
		{ "host:", "the port after ':' is missing" },
		{ "host:0", "a port is a number from 1 to 65535" },
		{ "host:65536", "a port is a number from 1 to 65535" },
		{ "host:12x", "'12x' is not a port: a port is a number from 1 to 65535" },
		{ "host:-1", "'-1' is not a port: a port is a number from 1 to 65535" },
		{ "host:5600:", "there is one ':' too many at the end: host:5600" },
		{ "host:1:2", "it has more than one ':', and is not an IPv6 address" },
		{ ":5600", "the host before ':' is missing: localhost:5600" },
		{ "5600", "a number is not a host: is it the port, as in HOST:5600?" },
		{ "5600:1", "a number is not a host" },
		{ "http://host", "this is a URL: give only its host and port: host" },
		{ "ntp://host:123/x", "this is a URL: give only its host and port: host:123" },
		{ "http://[::1]:80/", "this is a URL: give only its host and port: [::1]:80" },
		{ "http://", "this is a URL: give only its host and port" },
		{ " host", "there is a space in it: host" },
		{ "host ", "there is a space in it: host" },
		{ "host\n", "there is a space in it: host" },
		{ "host: 1", "there is a space in it" },
		{ " ", "there is a space in it" },
		{ "me@host", "give only a host, without a user: host" },
		{ "192.0.2.0/24", "give only a host, without a path or prefix: 192.0.2.0" },
		{ "a,b", "separate several hosts by spaces" },
		{ "-host", "a name does not begin with '-' or '.'" },
		{ ".host", "a name does not begin with '-' or '.'" },
		{ "[]", "brackets are for IPv6 addresses only" },
		{ "[::1]5", "a ':' belongs between ']' and the port: [::1]:5" },
		{ "[::1]x5", "the text in brackets is not an IPv6 address" },
		{ "[::1]56x", "the text in brackets is not an IPv6 address" },
		{ "[::g]:5600", "a port is a number from 1 to 65535" },
		{ ":", "the host before ':' is missing" },
		{ ":x", "the host before ':' is missing" },
		{ "::x", "it has more than one ':', and is not an IPv6 address" },
		{ "-1:5600:", "there is one ':' too many at the end" },
		{ "a;b", "separate several hosts by spaces" },
		{ "\thost", "there is a space in it: host" },
		{ "me@", "give only a host, without a user" },
		{ "h\177st", "a name consists of letters, digits, '-', '.' and '_'" },
		{ "host%eth0", "a name consists of letters, digits, '-', '.' and '_'" },
		{ "h\x80st", "a name consists of ASCII letters, digits, '-', '.' and '_': "
			     "write other letters in the xn-- form" },
		{ "h\xc3\xb6st", "a name consists of ASCII letters, digits, '-', '.' and '_': "
				 "write other letters in the xn-- form" },
	};
	char buf[HOST_HINT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct parse_host h;

		assert_int_not_equal(parse_host(rows[i].text, &h), 0);
		assert_string_equal(host_hint(rows[i].text, buf), rows[i].hint);
	}
}

/* A text of `n` times 'a' between two others. */
static const char *stretched(const char *before, size_t n, const char *behind)
{
	static char text[400];
	const size_t length = strlen(before);

	strcpy(text, before);
	memset(text + length, 'a', n);
	strcpy(text + length + n, behind);
	return text;
}

/* A text that is too long to be shown again is left out, and the hint is cut where it has to be. */
static void long_texts(void **state)
{
	char buf[HOST_HINT_MAX], expected[HOST_HINT_MAX];

	(void)state;
	strcpy(expected, stretched("'", 63, "' is not a port: a port is a number from 1 to 65535"));
	assert_string_equal(host_hint(stretched("host:", 63, ""), buf), expected);
	assert_string_equal(host_hint(stretched("host:", 64, ""), buf),
			    "'' is not a port: a port is a number from 1 to 65535");

	strcpy(expected, "this is a URL: give only its host and port: ");
	strcat(expected, stretched("", 63, ""));
	assert_string_equal(host_hint(stretched("http://", 63, "/x"), buf), expected);
	assert_string_equal(host_hint(stretched("http://", 64, "/x"), buf),
			    "this is a URL: give only its host and port");

	strcpy(expected, "give only a host, without a user: ");
	strcat(expected, stretched("", 63, ""));
	assert_string_equal(host_hint(stretched("me@", 63, ""), buf), expected);
	assert_string_equal(host_hint(stretched("me@", 64, ""), buf),
			    "give only a host, without a user");

	assert_string_equal(host_hint(stretched("", PARSE_HOST_MAX + 1, ""), buf),
			    "a name has at most 255 characters");
	assert_string_equal(host_hint(stretched("", PARSE_HOST_MAX - 1, "!"), buf),
			    "a name consists of letters, digits, '-', '.' and '_'");

	assert_string_equal(host_hint(stretched("", 64, ":x"), buf),
			    "'x' is not a port: a port is a number from 1 to 65535");
}

/* A hint of any length: it is cut where the room ends, and nothing behind it is touched. */
static void hints_that_do_not_fit(void **state)
{
	static const char words[] = "a number is not a host: is it the port, as in HOST:";
	struct {
		char hint[HOST_HINT_MAX];
		char behind[8];
	} buf;
	char expected[400], digits[200];

	(void)state;
	for (size_t n = 1; n < sizeof(digits); n++) {
		memset(digits, '7', n);
		digits[n] = '\0';
		strcpy(expected, words);
		strcat(expected, digits);
		strcat(expected, "?");
		expected[HOST_HINT_MAX - 1] = '\0';
		memset(&buf, 'x', sizeof(buf));
		assert_string_equal(host_hint(digits, buf.hint), expected);
		assert_memory_equal(buf.behind, "xxxxxxxx", 8);
	}
}

/* The hint for any text fits and is not empty. */
static bool hint_fits(struct random *r)
{
	static const char likely[] = "0123456789..::[]%%-/@ ,abcxyz\xff";
	char text[400], buf[HOST_HINT_MAX];
	const size_t n = (size_t)random_between(r, 0, sizeof(text) - 1);

	for (size_t i = 0; i < n; i++) {
		text[i] = likely[random_between(r, 0, sizeof(likely) - 2)];
	}
	text[n] = '\0';
	memset(buf, 'x', sizeof(buf));
	(void)host_hint(text, buf);
	return memchr(buf, '\0', sizeof(buf)) && buf[0] != '\0';
}

static void any_text(void **state)
{
	(void)state;
	assert_true(random_holds("a hint fits", hint_fits, 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hints),
		cmocka_unit_test(long_texts),
		cmocka_unit_test(hints_that_do_not_fit),
		cmocka_unit_test(any_text),
	};

	return cmocka_run_group_tests_name("host_hint", tests, NULL, NULL);
}
