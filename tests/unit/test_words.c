/* SPDX-License-Identifier: BSD-3-Clause */
/* Numbers in words: units, rounding and its carries, and exact forms. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "print/words.h"
#include "tests/support/random.h"

#define US  NS_PER_US
#define MS  NS_PER_MS
#define S   NS_PER_SEC
#define MIN (60 * S)
#define H   (60 * MIN)
#define DAY (24 * H)

typedef const char *words_fn(int64_t value, char buf[WORDS_MAX]);

struct words {
	int64_t value;
	const char *text;
};

static void check(words_fn *fn, const struct words *cases, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char buf[WORDS_MAX];

		assert_ptr_equal(fn(cases[i].value, buf), buf);
		assert_string_equal(buf, cases[i].text);
	}
}

#define CHECK(fn, cases) check(fn, cases, sizeof(cases) / sizeof((cases)[0]))

static void units(void **state)
{
	static const struct words cases[] = {
		{ 0, "0 ns" },
		{ 1, "1 ns" },
		{ 999, "999 ns" },
		{ US, "1.000 us" },
		{ 12345, "12.345 us" },
		{ MS - 1, "999.999 us" },
		{ MS, "1.000 ms" },
		{ 12345678, "12.346 ms" },
		{ S, "1.000000 s" },
		{ 2500012345, "2.500012 s" },
		{ 2 * MIN - US, "119.999999 s" },
		{ 2 * MIN, "2 min 0 s" },
		{ 14 * MIN + 3 * S, "14 min 3 s" },
		{ 2 * H - S, "119 min 59 s" },
		{ 2 * H, "2 h 0 min" },
		{ 2 * DAY - MIN, "47 h 59 min" },
		{ 2 * DAY, "2 days 0 h" },
		{ 36500 * DAY + 5 * H, "36500 days 5 h" },
		{ INT64_MAX, "106752 days 0 h" },
	};

	(void)state;
	CHECK(words_duration, cases);
}

static void limits(void **state)
{
	static const struct words cases[] = {
		{ 0, "0 ns" },
		{ 209, "209 ns" },
		{ 1500, "1.5 us" },
		{ MS, "1 ms" },
		{ 1234567, "1.234567 ms" },
		{ 5 * S, "5 s" },
		{ 2 * S + 500 * MS, "2.5 s" },
		{ S + 1, "1.000000001 s" },
		{ 90 * S, "90 s" },
		{ 2 * MIN, "2 min" },
		{ 1000 * S, "16 min 40 s" },
		{ H, "1 h" },
		{ H + MIN, "1 h 1 min" },
		{ H + S + MS, "1 h 1.001 s" },
		{ 25 * H + 2 * MIN + 3 * S, "25 h 2 min 3 s" },
		{ INT64_MAX, "2562047 h 47 min 16.854775807 s" },
		{ INT64_MIN, "2562047 h 47 min 16.854775808 s" },
	};

	(void)state;
	CHECK(words_limit, cases);
}

static void ages(void **state)
{
	static const struct words cases[] = {
		{ -S, "0.0 s" },
		{ 0, "0.0 s" },
		{ 199 * MS, "0.1 s" },
		{ 3 * S + 299 * MS, "3.2 s" },
		{ 2 * MIN - 1, "119.9 s" },
		{ 14 * MIN + 3 * S, "14 min 3 s" },
		{ 3 * DAY, "3 days 0 h" },
	};

	(void)state;
	CHECK(words_age, cases);
}

/* To the nearest, half a digit up. A carry may lead into the next unit. */
static void rounding(void **state)
{
	static const struct words cases[] = {
		{ MS + 499, "1.000 ms" },
		{ MS + 500, "1.001 ms" },
		{ S - 501, "999.999 ms" },
		{ S - 500, "1.000000 s" },
		{ S - 400, "1.000000 s" }, /* 0.9999996 s */
		{ 2 * S - 400, "2.000000 s" },
		{ 2 * MIN - 501, "119.999999 s" },
		{ 2 * MIN - 500, "2 min 0 s" },
		{ 3 * MIN - S / 2, "3 min 0 s" },
		{ 3 * MIN - S / 2 - 1, "2 min 59 s" },
		{ 2 * H - S / 2, "2 h 0 min" },
		{ 3 * H - MIN / 2, "3 h 0 min" },
		{ 2 * DAY - MIN / 2, "2 days 0 h" },
		{ 3 * DAY - H / 2, "3 days 0 h" },
	};

	(void)state;
	CHECK(words_duration, cases);
}

static void the_sign_is_not_written(void **state)
{
	static const struct words cases[] = {
		{ -1, "1 ns" },
		{ -2500 * US, "2.500 ms" },
		{ -(S - 400), "1.000000 s" },
	};

	(void)state;
	CHECK(words_duration, cases);
}

/* Up, always: one that is less than the error could be is no bound. */
static void bounds(void **state)
{
	static const struct words cases[] = {
		{ 0, "0 ns" },
		{ 1, "1 ns" },
		{ MS - 1, "999.999 us" },
		{ MS, "1.000 ms" },
		{ MS + 1, "1.001 ms" },
		{ S - 999, "1.000000 s" },
		{ S - 1000, "999.999 ms" },
		{ S + 1, "1.000001 s" },
		{ 2 * MIN - 999, "2 min 0 s" },
		{ 2 * MIN + 1, "2 min 1 s" },
		{ 2 * H - 1, "2 h 0 min" },
		{ 2 * H + 1, "2 h 1 min" },
		{ 2 * DAY - 1, "2 days 0 h" },
		{ 2 * DAY + 1, "2 days 1 h" },
		{ INT64_MAX, "unknown" },
		{ INT64_MAX - 1, "106752 days 0 h" },
	};

	(void)state;
	CHECK(words_bound, cases);
}

static void offsets(void **state)
{
	static const struct words cases[] = {
		{ 0, "exactly right" },
		{ 1, "1 ns slow" },
		{ -1, "1 ns fast" },
		{ 2500 * US, "2.500 ms slow" },
		{ -(2 * MIN), "2 min 0 s fast" },
	};

	(void)state;
	CHECK(words_offset, cases);
}

static void exact_seconds(void **state)
{
	static const struct words cases[] = {
		{ 0, "0.000000000" },
		{ 1, "0.000000001" },
		{ -1, "-0.000000001" },
		{ -2500012345, "-2.500012345" },
		{ S, "1.000000000" },
		{ INT64_MAX, "9223372036.854775807" },
		{ INT64_MIN, "-9223372036.854775808" },
	};

	(void)state;
	CHECK(words_seconds, cases);
}

static void exact_ppm(void **state)
{
	static const struct words cases[] = {
		{ 0, "0.000" },
		{ -250, "-0.250" },
		{ 500000, "500.000" },
		{ INT64_MIN, "-9223372036854775.808" },
	};

	(void)state;
	CHECK(words_ppm, cases);
}

static void times(void **state)
{
	static const struct words cases[] = {
		{ 0, "1970-01-01 00:00:00.000000000 UTC" },
		{ 951782399 * S + 999999999, "2000-02-28 23:59:59.999999999 UTC" },
		{ 951782400 * S, "2000-02-29 00:00:00.000000000 UTC" },
		{ TS_LIMIT - 1, "2116-02-20 23:53:38.427387903 UTC" },
	};

	(void)state;
	CHECK(words_time, cases);
}

/* The second that has begun, whatever there is of it. */
static void dates(void **state)
{
	static const struct words cases[] = {
		{ 0, "1970-01-01 00:00:00 UTC" },
		{ 2 * S - 1, "1970-01-01 00:00:01 UTC" },
		{ 365 * DAY, "1971-01-01 00:00:00 UTC" },
	};

	(void)state;
	CHECK(words_date, cases);
}

static void rates(void **state)
{
	static const struct words cases[] = {
		{ 0, "right" },
		{ 1, "0.001 ppm slow" },
		{ -12500, "12.500 ppm fast" },
	};

	(void)state;
	CHECK(words_rate, cases);
}

/* --- any number ------------------------------------------------------------------------------- */

/*
 * The duration of the text in ns, and the unit of its last digit. False when it is not a duration.
 */
static bool read_back(const char *text, uint64_t *value, uint64_t *digit)
{
	static const struct {
		const char *between, *behind;
		uint64_t large, small;
	} forms[] = {
		{ ".", " us", US, 1 },     { ".", " ms", MS, US },    { ".", " s", S, US },
		{ " min ", " s", MIN, S }, { " h ", " min", H, MIN }, { " days ", " h", DAY, H },
	};
	char *end, *rest;
	const uint64_t large = strtoull(text, &end, 10);

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const size_t n = strlen(forms[i].between);

		if (strncmp(end, forms[i].between, n) == 0) {
			*value = large * forms[i].large +
				 strtoull(end + n, &rest, 10) * forms[i].small;
			*digit = forms[i].small;
			if (strcmp(rest, forms[i].behind) == 0) {
				return true;
			}
		}
	}
	*value = large;
	*digit = 1;
	return strcmp(end, " ns") == 0;
}

/* Written again, the rounded number has the same text: no unit is too small or too large for it. */
static bool is_stable(words_fn *fn, uint64_t value, const char *text)
{
	char again[WORDS_MAX];

	return value >= INT64_MAX || strcmp(fn((int64_t)value, again), text) == 0;
}

static bool rounded_to_nearest(struct random *r)
{
	const int64_t d = random_of_any_size(r, INT64_MAX) * (random_between(r, 0, 1) ? 1 : -1);
	const uint64_t n = (uint64_t)(d < 0 ? -d : d);
	uint64_t value, digit;
	char text[WORDS_MAX];

	return read_back(words_duration(d, text), &value, &digit) &&
	       (value > n ? value - n : n - value) <= digit / 2 &&
	       is_stable(words_duration, value, text);
}

static bool rounded_up(struct random *r)
{
	const int64_t bound = random_of_any_size(r, INT64_MAX - 1);
	uint64_t value, digit;
	char text[WORDS_MAX];

	return read_back(words_bound(bound, text), &value, &digit) && value >= (uint64_t)bound &&
	       value - (uint64_t)bound < digit && is_stable(words_bound, value, text);
}

/* Near the borders between units is where it matters. */
static bool rounded_near_borders(struct random *r)
{
	static const int64_t borders[] = { US, MS, S, MIN, 2 * MIN, H, 2 * H, DAY, 2 * DAY };
	const int64_t border = borders[random_between(r, 0, 8)];
	const int64_t d = border + random_between(r, -1, 1) * random_of_any_size(r, border / 2);
	uint64_t value, digit;
	char text[WORDS_MAX];

	if (!read_back(words_bound(d, text), &value, &digit) || value < (uint64_t)d ||
	    value - (uint64_t)d >= digit || !is_stable(words_bound, value, text)) {
		return false;
	}
	return read_back(words_duration(d, text), &value, &digit) &&
	       is_stable(words_duration, value, text);
}

static void any_number(void **state)
{
	(void)state;
	assert_true(random_holds("rounded_to_nearest", rounded_to_nearest, 50000));
	assert_true(random_holds("rounded_up", rounded_up, 50000));
	assert_true(random_holds("rounded_near_borders", rounded_near_borders, 50000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(units),
		cmocka_unit_test(limits),
		cmocka_unit_test(ages),
		cmocka_unit_test(rounding),
		cmocka_unit_test(the_sign_is_not_written),
		cmocka_unit_test(bounds),
		cmocka_unit_test(offsets),
		cmocka_unit_test(exact_seconds),
		cmocka_unit_test(exact_ppm),
		cmocka_unit_test(times),
		cmocka_unit_test(any_number),
		cmocka_unit_test(dates),
		cmocka_unit_test(rates),
	};

	return cmocka_run_group_tests_name("words", tests, NULL, NULL);
}
