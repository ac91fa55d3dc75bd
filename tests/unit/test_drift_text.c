/* SPDX-License-Identifier: BSD-3-Clause */
/* Drift files: ours, those of others, and what a crash leaves of them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/drift_limits.h"
#include "core/drift_text.h"

#define UNTOUCHED INT64_C(4242)

struct reading {
	const char *text;
	int64_t ppb;
	int64_t chance_ppb; /* 0: none is there, and it is taken to be that of any quartz */
};

static int read_text(const char *text, size_t len, int64_t *ppb)
{
	int64_t chance_ppb = UNTOUCHED;
	int rc;

	*ppb = UNTOUCHED;
	rc = drift_text_read(text, len, ppb, &chance_ppb);
	assert_true(rc == 0 || chance_ppb == UNTOUCHED);
	return rc;
}

static void what_can_mean_one_thing_only_is_read(void **state)
{
	static const struct reading readings[] = {
		{ "12.345\n", 12345, 0 },
		{ "-12.345\n", -12345, 0 },
		{ "0.000\n", 0, 0 },
		{ "-0\n", 0, 0 },
		{ "+7.5", 7500, 0 },
		{ "  7.5\n", 7500, 0 },
		{ "\n\t7.5\n\n", 7500, 0 },
		{ "12.5\r\n", 12500, 0 },
		{ "7.5 ppm\n", 7500, 0 },
		{ "7.5ppm", 7500, 0 },
		{ "\xef\xbb\xbf"
		  "7.5\n",
		  7500, 0 },
		{ "-12.345678\n", -12346, 0 },
		{ "-12.3454999\n", -12345, 0 },
		{ "12.9995", 13000, 0 },
		{ "0.0004", 0, 0 },
		{ "99999.9999999\n", 100000000, 0 },
		{ "100000\n", 100000000, 0 },
		/* chronyd says what the clock gains, and puts the error behind it. */
		{ "            -2.123456             0.012345\n", 2123, 12 },
		{ "12.5\t0.1\n", -12500, 100 },
		/* Ours puts it so. */
		{ "-12.345 ppm +/- 0.020\n", -12345, 20 },
		{ "7.5ppm+/-0", 7500, 1 },
	};
	(void)state;
	for (size_t i = 0; i < sizeof(readings) / sizeof(readings[0]); i++) {
		const struct reading *r = &readings[i];
		int64_t ppb, chance_ppb;

		assert_int_equal(drift_text_read(r->text, strlen(r->text), &ppb, &chance_ppb), 0);
		assert_int_equal(ppb, r->ppb);
		assert_int_equal(chance_ppb, r->chance_ppb ? r->chance_ppb : DRIFT_WANDER_PPB);
	}
}

static void nothing_is_there(void **state)
{
	static const char zeros[4096];
	int64_t ppb;

	(void)state;
	assert_int_equal(read_text("", 0, &ppb), -ENODATA);
	assert_int_equal(read_text("\n", 1, &ppb), -ENODATA);
	assert_int_equal(read_text(" \r\n\t\n", 5, &ppb), -ENODATA);
	assert_int_equal(read_text(zeros, sizeof(zeros), &ppb), -ENODATA);
	assert_int_equal(read_text("7.5\0\0\0", 6, &ppb), -ENODATA);
	assert_int_equal(read_text("\n\0\0\0", 4, &ppb), -ENODATA);
	assert_int_equal(ppb, UNTOUCHED);
}

static void anything_else_is_not_guessed_at(void **state)
{
	static const char *const texts[] = { "7.5 ppm +/-\n",
					     "7.5 ppm +/- -1\n",
					     "7.5 +/- 0.1\n",
					     "7.5 ppm +/- 0.1 ppm\n",
					     "data\n",
					     "nan\n",
					     "inf",
					     "12,5\n",
					     "1e3\n",
					     "7.5 ppb\n",
					     "7.5 s",
					     "-",
					     "+-1",
					     ".5",
					     "5.",
					     "1 2 3\n",
					     "1 -2\n",
					     "0x10",
					     "100000.1",
					     "99999999\n",
					     "1ppm 2\n",
					     "1 ppm 2\n",
					     "\xff\xfe\n",
					     "1.2.3\n",
					     "-1.5 abc",
					     "1 000\n2",
					     "7.5 0.1 ppm",
					     "1 2.",
					     "7.5\n2\n",
					     "7.5 \n2\n",
					     "7.5 \nppm",
					     "1000000",
					     "7:\n",
					     "7/\n",
					     "100000.001",
					     "-100000.001" };
	static const char clock[] = "TSCLOCK\0\1\0\0";
	static const char split[] = "7\0005\n";
	int64_t ppb;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		assert_int_equal(read_text(texts[i], strlen(texts[i]), &ppb), -EINVAL);
	}
	assert_int_equal(read_text(clock, sizeof(clock), &ppb), -EINVAL);
	assert_int_equal(read_text(split, sizeof(split) - 1, &ppb), -EINVAL);
	assert_int_equal(ppb, UNTOUCHED);
}

/* However it is cut off, nothing behind the end is looked at: whatever it is, it changes nothing.
 */
static void any_part_of_one_is_safe(void **state)
{
	static const char text[] = " -2.123456  0.012345 \r\n", behind[] = "9 .-p\n";
	char copy[sizeof(text) + 8];
	int64_t ppb, other;

	(void)state;
	for (size_t n = 0; n < sizeof(text); n++) {
		memset(copy, 'x', sizeof(copy));
		memcpy(copy, text, n);
		const int rc = read_text(copy, n, &ppb);

		if (rc == 0) {
			assert_in_range(ppb + 3000, 0, 6000);
		}
		for (size_t i = 0; i < sizeof(behind); i++) {
			memset(copy + n, behind[i], sizeof(copy) - n);
			assert_int_equal(read_text(copy, n, &other), rc);
			assert_int_equal(other, ppb);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_mean_one_thing_only_is_read),
		cmocka_unit_test(nothing_is_there),
		cmocka_unit_test(anything_else_is_not_guessed_at),
		cmocka_unit_test(any_part_of_one_is_safe),
	};

	return cmocka_run_group_tests_name("drift_text", tests, NULL, NULL);
}
