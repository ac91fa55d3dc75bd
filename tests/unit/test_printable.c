/* SPDX-License-Identifier: BSD-3-Clause */
/* Text from elsewhere: nothing that a terminal acts upon gets through, and the rest stays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/printable.h"
#include "tests/support/random.h"

static void expect_masked(const char *text, const char *expected)
{
	char buf[200];

	assert_true(strlen(text) < sizeof(buf));
	strcpy(buf, text);
	assert_ptr_equal(printable_mask(buf), buf);
	assert_string_equal(buf, expected);
}

static void what_can_be_shown_stays(void **state)
{
	static const char *const texts[] = {
		"",
		" ~/clocks/lab 1.clk '\"\\?",
		"caf\xc3\xa9 \xc3\xbc\xc3\x9f",             /* as long as two octets */
		"\xe6\x97\xb6\xe9\x97\xb4 \xe2\x82\xac",    /* three */
		"\xf0\x9f\x95\xb0 \xf4\x8f\xbf\xbd",        /* four */
		"\xc2\xa0\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf", /* where the lengths end and begin */
		"\xee\x80\x80\xef\xbf\xbd\xf0\x90\x80\x80", /* as above, behind the surrogates */
		"\xd7\xa9\xd7\xa2\xd7\x95\xd7\x9f.clk",     /* from right to left by itself */
		"\xe2\x80\xa7\xe2\x80\xaf\xe2\x81\xa5 \xe2\x81\xaa", /* beside the masked ones */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		expect_masked(texts[i], texts[i]);
	}
}

static void controls_are_masked(void **state)
{
	(void)state;
	expect_masked("\033[2J\033]0;title\007", "?[2J?]0;title?");
	expect_masked("a\nb\r\tc\b\177\001", "a?b??c???");
	expect_masked("\xc2\x80\xc2\x9b"
		      "31m\xc2\x9f",
		      "??31m?");                         /* U+009B is ESC [ */
	expect_masked("\xe2\x80\xa8\xe2\x80\xa9", "??"); /* new line, new paragraph */
	expect_masked("\xe2\x80\xaa\xe2\x80\xae"
		      "x\xe2\x81\xa6\xe2\x81\xa9",
		      "??x??");
}

static void what_is_no_utf8_is_masked(void **state)
{
	(void)state;
	expect_masked("\x9b"
		      "31m\x80\xbf\xff\xfe",
		      "?31m????");
	expect_masked("\xe9t\xe9", "?t?");                        /* Latin 1 */
	expect_masked("\xc0\x9b\xc1\x81\xe0\x9f\xbf", "???????"); /* longer than need be */
	expect_masked("\xf0\x8f\xbf\xbf", "????");
	expect_masked("\xed\xa0\x80\xed\xbf\xbf", "??????"); /* surrogates */
	expect_masked("\xc1\xbf\xe0\x81\xbf", "?????");      /* DEL, longer than need be */
	expect_masked("\xf4\x90\x80\x80\xf5\x80\x80\x80", "????????");
	expect_masked("\xf8\x90\x80\x80\xfc\x90\x80\x80\xfe\x90\x80\x80", "????????????");
	expect_masked("\xff\xc3\xa9", "?\xc3\xa9"); /* what comes after is read for itself */
	expect_masked("\xe2\x82", "??");            /* cut off */
	expect_masked("\xf0\x9f\x95", "???");
	expect_masked("\xe2\x82\033[m", "???[m"); /* a control is not taken for a part */
}

static size_t encode(uint32_t code, char out[5])
{
	size_t n = 0;

	memset(out, 0, 5);
	if (code < 0x80) {
		out[n++] = (char)code;
	} else if (code < 0x800) {
		out[n++] = (char)(0xc0 | code >> 6);
	} else if (code < 0x10000) {
		out[n++] = (char)(0xe0 | code >> 12);
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	} else {
		out[n++] = (char)(0xf0 | code >> 18);
		out[n++] = (char)(0x80 | (code >> 12 & 0x3f));
		out[n++] = (char)(0x80 | (code >> 6 & 0x3f));
	}
	if (code >= 0x80) {
		out[n++] = (char)(0x80 | (code & 0x3f));
	}
	return n;
}

/* Every character that there can be is one question mark, or itself. */
static void each_character(void **state)
{
	size_t masked = 0;

	(void)state;
	for (uint32_t code = 1; code <= 0x10ffff; code++) {
		char text[5], was[5];
		const bool surrogate = code >= 0xd800 && code <= 0xdfff;

		(void)encode(code, text);
		memcpy(was, text, sizeof(was));
		printable_mask(text);
		if (!surrogate && strcmp(text, was) != 0) {
			assert_string_equal(text, "?");
			masked++;
		}
	}
	assert_int_equal(masked, 31 + 1 + 32 + 7 + 4);
}

/* No control of ASCII is left, it is not longer, and masking it again changes nothing. */
static bool is_masked(struct random *r)
{
	char text[40], once[40];
	const size_t n = (size_t)random_between(r, 0, sizeof(text) - 1);

	for (size_t i = 0; i < n; i++) {
		text[i] = (char)random_between(r, 1, 255);
	}
	text[n] = '\0';
	strcpy(once, printable_mask(text));
	for (const char *c = text; *c != '\0'; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			return false;
		}
	}
	return strlen(text) <= n && strcmp(printable_mask(text), once) == 0;
}

static void any_octets(void **state)
{
	(void)state;
	assert_true(random_holds("any_octets", is_masked, 20000));
}

static void a_copy_is_cut_off_between_characters(void **state)
{
	char buf[8];

	(void)state;
	assert_string_equal(printable_copy(buf, sizeof(buf), "seven\n."), "seven?.");
	assert_string_equal(printable_copy(buf, sizeof(buf), "eight..."), "eigh...");
	assert_string_equal(printable_copy(buf, sizeof(buf), "abc\xc3\xa9xyz"), "abc...");
	assert_string_equal(printable_copy(buf, sizeof(buf), "ab\xc3\xa9xyz.."), "ab\xc3\xa9...");
	assert_string_equal(printable_copy(buf, sizeof(buf), "\xf0\x9f\x95\xb0\xf0\x9f\x95\xb0"),
			    "\xf0\x9f\x95\xb0...");
	assert_string_equal(printable_copy(buf, sizeof(buf), "\x80\x80\x80\x80\x80\x80\x80\x80"),
			    "...");
	assert_string_equal(printable_copy(buf, 4, "long"), "...");
	assert_string_equal(printable_copy(buf, 4, "new"), "new");
	assert_string_equal(printable_copy(buf, 4, ""), "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_can_be_shown_stays),
		cmocka_unit_test(controls_are_masked),
		cmocka_unit_test(what_is_no_utf8_is_masked),
		cmocka_unit_test(each_character),
		cmocka_unit_test(any_octets),
		cmocka_unit_test(a_copy_is_cut_off_between_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
