/* SPDX-License-Identifier: BSD-3-Clause */
/* Mistyped words: how far they are from the known ones, and which one was meant. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/guess.h"

static void distances(void **state)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },
		{ "query", "query", 0 },
		{ "", "sync", 4 },
		{ "sync", "", 4 },
		{ "qeury", "query", 1 },
		{ "quey", "query", 1 },
		{ "queery", "query", 1 },
		{ "qwery", "query", 1 },
		{ "track", "rtakc", 2 },
		{ "kitten", "sitting", 3 },
		{ "abc", "cba", 2 },
		{ "ab", "ba", 1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(guess_distance(cases[i].a, strlen(cases[i].a), cases[i].b),
				 cases[i].distance);
		assert_int_equal(guess_distance(cases[i].b, strlen(cases[i].b), cases[i].a),
				 cases[i].distance);
	}
	assert_int_equal(guess_distance("syncopated", 4, "sync"), 0); /* only so much of it */
}

static const char *guessed(const char *typed, size_t length)
{
	static const char *const verbs[] = { "query",   "sync",  "track", "report",
					     "compare", "clock", "check", "status" };
	struct guess g;

	guess_begin(&g, typed, length);
	for (size_t i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++) {
		guess_try(&g, verbs[i]);
	}
	return guess_end(&g);
}

static void check(const char *typed, const char *meant)
{
	const char *got = guessed(typed, strlen(typed));

	if (meant) {
		assert_non_null(got);
		assert_string_equal(got, meant);
	} else {
		assert_null(got);
	}
}

static void meant(void **state)
{
	(void)state;
	check("qeury", "query");
	check("synch", "sync");
	check("trak", "track");
	check("stat", "status"); /* it begins so */
	check("comp", "compare");
	check("clokc", "clock");
	check("reprot", "report");
	check("chek", "check");
	assert_string_equal(guessed("qeury=5", 5), "query");
}

static void none_is_near(void **state)
{
	char longest[GUESS_MAX + 2];

	(void)state;
	check("", NULL);
	check("x", NULL);
	check("serve", NULL);
	check("adjust", NULL);
	memset(longest, 'q', sizeof(longest) - 1);
	longest[GUESS_MAX + 1] = '\0';
	check(longest, NULL);
	longest[GUESS_MAX] = '\0';
	check(longest, NULL);
}

/* Of several that are as near the first is named, and so is one that is nearer than the first. */
static void the_nearest(void **state)
{
	struct guess g;

	(void)state;
	guess_begin(&g, "cat", 3);
	guess_try(&g, "bat");
	guess_try(&g, "rat");
	assert_string_equal(guess_end(&g), "bat");
	guess_try(&g, "cat");
	assert_string_equal(guess_end(&g), "cat");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(distances),
		cmocka_unit_test(meant),
		cmocka_unit_test(none_is_near),
		cmocka_unit_test(the_nearest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
