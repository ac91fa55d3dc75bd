/* SPDX-License-Identifier: BSD-3-Clause */
/* Record marking: records in fragments of every kind, and refusals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fragments.h"

#define SIZE READER_SIZE
#define LAST RECORD_LAST_FRAGMENT

static void check_record(const struct reader *r, const char *text)
{
	assert_int_equal(r->record.len, strlen(text));
	assert_memory_equal(r->bytes, text, strlen(text));
	assert_true(reader_kept_within(r));
}

static void one_fragment(void **state)
{
	struct reader r;
	struct stream s = { 0 };
	size_t used;

	(void)state;
	reader_init(&r);
	assert_true(record_at_boundary(&r.record));
	stream_add(&s, LAST | 5, "hello", 5);
	assert_int_equal(record_feed(&r.record, s.bytes, s.len, &used), RECORD_COMPLETE);
	assert_int_equal(used, s.len);
	assert_false(record_at_boundary(&r.record));
	check_record(&r, "hello");
	record_next(&r.record);
	assert_true(record_at_boundary(&r.record));
	assert_int_equal(r.record.len, 0);
}

static void several_fragments(void **state)
{
	struct reader r;
	struct stream s = { 0 };
	size_t used;

	(void)state;
	reader_init(&r);
	stream_add(&s, 3, "one", 3);
	stream_add(&s, 0, "", 0);
	stream_add(&s, 3, "two", 3);
	stream_add(&s, LAST | 0, "", 0);
	assert_int_equal(record_feed(&r.record, s.bytes, s.len, &used), RECORD_COMPLETE);
	assert_int_equal(used, s.len);
	check_record(&r, "onetwo");
}

static void an_empty_record_is_one(void **state)
{
	struct reader r;
	struct stream s = { 0 };
	size_t used;

	(void)state;
	reader_init(&r);
	stream_add(&s, LAST, "", 0);
	stream_add(&s, LAST | 1, "x", 1);
	assert_int_equal(record_feed(&r.record, s.bytes, s.len, &used), RECORD_COMPLETE);
	assert_int_equal(used, RECORD_MARK_SIZE);
	check_record(&r, "");
}

/* A reader must stop behind each record: the next one may not fit beside it. */
static void records_one_after_another(void **state)
{
	static const char *const texts[] = { "first", "", "the second", "3" };
	struct reader r;
	struct stream s = { 0 };
	size_t at = 0;

	(void)state;
	reader_init(&r);
	for (size_t i = 0; i < 4; i++) {
		stream_add(&s, LAST | (uint32_t)strlen(texts[i]), texts[i], strlen(texts[i]));
	}
	for (size_t i = 0; i < 4; i++) {
		size_t used;

		assert_int_equal(record_feed(&r.record, s.bytes + at, s.len - at, &used),
				 RECORD_COMPLETE);
		check_record(&r, texts[i]);
		record_next(&r.record);
		at += used;
	}
	assert_int_equal(at, s.len);
}

static void no_input_is_no_progress(void **state)
{
	struct reader r;
	size_t used = 99;

	(void)state;
	reader_init(&r);
	assert_int_equal(record_feed(&r.record, (const uint8_t *)"", 0, &used), RECORD_PARTIAL);
	assert_int_equal(used, 0);
	assert_true(record_at_boundary(&r.record));
}

/* At every octet before the last, the record is partial and the reader not at a boundary. */
static void octet_by_octet(void **state)
{
	struct reader r;
	struct stream s = { 0 };

	(void)state;
	reader_init(&r);
	stream_add(&s, 2, "ab", 2);
	stream_add(&s, 0, "", 0);
	stream_add(&s, LAST | 3, "cde", 3);
	for (size_t i = 0; i < s.len; i++) {
		const bool is_last = i + 1 == s.len;
		size_t used;

		assert_int_equal(record_feed(&r.record, s.bytes + i, 1, &used),
				 is_last ? RECORD_COMPLETE : RECORD_PARTIAL);
		assert_int_equal(used, 1);
		assert_false(record_at_boundary(&r.record));
	}
	check_record(&r, "abcde");
}

/* Feeds a mark alone; whether it is refused. */
static bool refuses_mark(struct reader *r, uint32_t mark)
{
	struct stream s = { 0 };
	size_t used;

	stream_add(&s, mark, "", 0);
	return record_feed(&r->record, s.bytes, s.len, &used) == RECORD_REFUSED;
}

/* Refused by its mark already, before a single octet of it has come. */
static void what_is_too_long_is_refused_at_once(void **state)
{
	static const uint32_t too_long[] = { SIZE + 1, 0x7fffffff, LAST | (SIZE + 1), UINT32_MAX };
	struct reader r;

	(void)state;
	for (size_t i = 0; i < sizeof(too_long) / sizeof(too_long[0]); i++) {
		reader_init(&r);
		assert_true(refuses_mark(&r, too_long[i]));
	}
	reader_init(&r);
	assert_false(refuses_mark(&r, LAST | SIZE));
}

static void the_longest_record_fits(void **state)
{
	static const uint8_t body[SIZE] = { 1, 2, 3 };
	struct reader r;
	struct stream s = { 0 };
	size_t used;

	(void)state;
	reader_init(&r);
	stream_add(&s, LAST | SIZE, body, SIZE);
	assert_int_equal(record_feed(&r.record, s.bytes, s.len, &used), RECORD_COMPLETE);
	assert_int_equal(r.record.len, SIZE);
	assert_memory_equal(r.bytes, body, SIZE);
	assert_true(reader_kept_within(&r));
}

/* No fragment is too long, but together they are: also where 32-bit sums would wrap. */
static void fragments_that_add_up_to_too_much(void **state)
{
	static const uint8_t body[SIZE] = { 0 };
	static const uint32_t one_too_many[] = { 2, LAST | 2, 0x7fffffff, UINT32_MAX };

	(void)state;
	for (size_t i = 0; i < sizeof(one_too_many) / sizeof(one_too_many[0]); i++) {
		struct reader r;
		struct stream s = { 0 };
		size_t used;

		reader_init(&r);
		stream_add(&s, SIZE - 1, body, SIZE - 1);
		assert_int_equal(record_feed(&r.record, s.bytes, s.len, &used), RECORD_PARTIAL);
		assert_true(refuses_mark(&r, one_too_many[i]));
		assert_true(reader_kept_within(&r));
	}
}

/* Or a sender of empty fragments could keep a connection for ever without sending a call. */
static void fragments_are_counted(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r);
	for (int i = 0; i < RECORD_MAX_FRAGMENTS - 1; i++) {
		assert_false(refuses_mark(&r, 0));
	}
	assert_false(refuses_mark(&r, LAST | 0)); /* the last that is allowed, and completes it */
	record_next(&r.record);
	for (int i = 0; i < RECORD_MAX_FRAGMENTS; i++) {
		assert_false(refuses_mark(&r, 0));
	}
	assert_true(refuses_mark(&r, LAST | 0));
}

/* Where the next record begins is not known any more: whatever comes is not for the buffer. */
static void what_was_refused_stays_refused(void **state)
{
	static const uint8_t body[3 * SIZE] = { LAST >> 24, 0, 0, 1, 'A' };
	struct reader r;
	size_t used;

	(void)state;
	reader_init(&r);
	assert_true(refuses_mark(&r, LAST | 0x1000000));
	for (int i = 0; i < 10; i++) {
		for (size_t n = 0; n <= sizeof(body); n += 16) {
			assert_int_equal(record_feed(&r.record, body, n, &used), RECORD_REFUSED);
			assert_int_equal(used, 0);
			assert_int_equal(r.record.len, 0);
			assert_true(reader_kept_within(&r));
		}
		assert_false(record_at_boundary(&r.record));
		record_next(&r.record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_fragment),
		cmocka_unit_test(several_fragments),
		cmocka_unit_test(an_empty_record_is_one),
		cmocka_unit_test(records_one_after_another),
		cmocka_unit_test(no_input_is_no_progress),
		cmocka_unit_test(octet_by_octet),
		cmocka_unit_test(what_is_too_long_is_refused_at_once),
		cmocka_unit_test(the_longest_record_fits),
		cmocka_unit_test(fragments_that_add_up_to_too_much),
		cmocka_unit_test(fragments_are_counted),
		cmocka_unit_test(what_was_refused_stays_refused),
	};

	return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
