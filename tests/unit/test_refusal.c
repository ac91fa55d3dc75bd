/* SPDX-License-Identifier: BSD-3-Clause */
/* Why a measurement gives no result, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "measure/refusal.h"

static char text[REFUSAL_MAX];

static void assert_few(struct refusal_rounds r, const struct refusal_tally *t, const char *rest)
{
	static const char begin[] = "only 1 of 10 rounds were of use, and 3 are needed: ";

	r.valid = 1;
	r.tried = 10;
	r.needed = 3;
	refusal_of_few(&r, t, text);
	assert_int_equal(strncmp(text, begin, strlen(begin)), 0);
	assert_string_equal(text + strlen(begin), rest);
}

static void the_most_frequent_reason_is_named(void **state)
{
	struct refusal_tally t = { .total = 0 };
	struct refusal_rounds r = { .counts = { .lost = 2 } };

	(void)state;
	assert_few(r, &t, "too much is lost");
	refusal_count(&t, "refused the call: SYSTEM_ERR (an internal error)");
	assert_few(r, &t,
		   "1 time the server refused the call: SYSTEM_ERR (an internal error); "
		   "lost: 2");
	for (int i = 0; i < 3; i++) {
		refusal_count(&t, "repeated a ts1 that was not sent");
	}
	assert_few(r, &t,
		   "3 times the server repeated a ts1 that was not sent; other answers of no "
		   "use: 1; lost: 2");
}

static void more_reasons_than_are_told_apart(void **state)
{
	struct refusal_tally t = { .total = 0 };
	struct refusal_rounds r = { .valid = 0 };
	char why[] = "a";

	(void)state;
	for (; why[0] < 'a' + REFUSAL_REASONS + 3; why[0]++) {
		refusal_count(&t, why);
	}
	refusal_count(&t, "c");
	assert_few(r, &t, "2 times the server c; other answers of no use: 10");
}

static void all_else_that_came_is_named(void **state)
{
	const struct refusal_tally t = { .total = 0 };

	(void)state;
	assert_few((struct refusal_rounds){ .counts = { .late = 4, .stray = 5, .lost = 9 } }, &t,
		   "answers came later than --timeout allows: 4; datagrams came that answer no "
		   "call: 5; lost: 5");
	assert_few((struct refusal_rounds){ .stepped = 9 }, &t,
		   "in the middle of 9 the server's clock was stepped, or one of the clocks runs "
		   "far too slow or fast");
	assert_few((struct refusal_rounds){ .unknown = 9 }, &t,
		   "9 times the server did not know when its reply had left");
}

#define AT(kind, ms, ahead_ms)                                                        \
	{                                                                             \
		kind, (INT64_C(1700000000000) + (ms)) * NS_PER_MS,                    \
			(INT64_C(1700000000000) + (ms) + (ahead_ms)) * NS_PER_MS + 7, \
			(INT64_C(1700000000000) + (ms) + (ahead_ms)) * NS_PER_MS + 7, \
			(INT64_C(1700000000000) + (ms) + 1) * NS_PER_MS               \
	}

static void assert_conflict(const struct sample *samples, size_t n, const char *words)
{
	struct agree_conflict c;

	assert_false(agree(samples, n, 0, &c));
	assert_string_equal(refusal_of_conflict(samples, n, &c, text), words);
}

static void rounds_that_contradict_each_other(void **state)
{
	const struct sample s[] = {
		AT(SAMPLE_TIME, 0, 0),
		AT(SAMPLE_TIMESTAMPS, 10, 0),
		AT(SAMPLE_TIMESTAMPS, 20, 2500),
	};

	(void)state;
	assert_conflict(
		s, 3,
		"rounds 1 and 2 contradict each other by 2.500000 s: the server's clock was "
		"stepped between them, or does not keep time; measure again");
}

static void get_time_that_contradicts_the_rounds(void **state)
{
	struct sample s[] = {
		AT(SAMPLE_TIMESTAMPS, 10, 0),
		AT(SAMPLE_TIME, 20, -2300),
	};
	const struct sample before[] = { s[1], s[0] };

	(void)state;
	assert_conflict(s, 2,
			"GET_TIME says 2.300000 s behind what the rounds say: the server "
			"contradicts itself, or its clock was stepped in between");
	assert_conflict(before, 2, text);
	s[1].t2 = s[1].t3 = s[1].t2 / NS_PER_SEC * NS_PER_SEC + 3 * NS_PER_SEC;
	refusal_of_conflict(s, 2, &(struct agree_conflict){ 0, 1, 980 * NS_PER_MS }, text);
	assert_non_null(strstr(text, "980.000 ms ahead of what the rounds say"));
	assert_non_null(strstr(text, "(it gives whole seconds there)"));
}

static void times_in_another_unit(void **state)
{
	struct sample s[] = {
		AT(SAMPLE_TIMESTAMPS, 10, 0),
		AT(SAMPLE_TIMESTAMPS, 20, 0),
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		s[i].t2 = s[i].t3 = s[i].t2 / 1000;
	}
	refusal_of_conflict(s, 2, &(struct agree_conflict){ 0, 1, NS_PER_MS }, text);
	assert_non_null(strstr(text, "(its times are of the 1970s: it has to give nanoseconds"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_most_frequent_reason_is_named),
		cmocka_unit_test(more_reasons_than_are_told_apart),
		cmocka_unit_test(all_else_that_came_is_named),
		cmocka_unit_test(rounds_that_contradict_each_other),
		cmocka_unit_test(get_time_that_contradicts_the_rounds),
		cmocka_unit_test(times_in_another_unit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
