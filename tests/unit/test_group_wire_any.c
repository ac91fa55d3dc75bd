/* SPDX-License-Identifier: BSD-3-Clause */
/* Bodies of all messages of a group: only a body that is whole and alone is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/group_bodies.h"

#define TRAILING 8

/* Whether these octets are taken, from memory that ends where they do. */
static bool is_taken(const struct group_body *b, const uint8_t *bytes, size_t n)
{
	uint8_t *copy = malloc(n > 0 ? n : 1);
	uint8_t again[GROUP_BODY_MAX];
	bool taken;

	assert_non_null(copy);
	memcpy(copy, bytes, n);
	taken = b->recode(copy, n, again) != 0;
	free(copy);
	return taken;
}

static void each_body(void (*check)(const struct group_body *b, uint8_t *bytes, size_t n))
{
	uint8_t bytes[GROUP_BODY_MAX + TRAILING];

	for (size_t i = 0; i < GROUP_MEMBER_BODIES + GROUP_ADMIN_BODIES; i++) {
		const struct group_body *b = i < GROUP_MEMBER_BODIES
						     ? &group_member_bodies[i]
						     : &group_admin_bodies[i - GROUP_MEMBER_BODIES];
		const size_t n = b->encode(bytes, GROUP_BODY_MAX);

		if (n == 0) {
			fail_msg("%s cannot be encoded", b->name);
		}
		memset(bytes + n, 0, TRAILING);
		check(b, bytes, n);
	}
}

static void check_round_trip(const struct group_body *b, uint8_t *bytes, size_t n)
{
	uint8_t again[GROUP_BODY_MAX];

	if (b->recode(bytes, n, again) != n || memcmp(again, bytes, n) != 0) {
		fail_msg("%s comes back as another", b->name);
	}
}

static void what_was_encoded_comes_back(void **state)
{
	(void)state;
	each_body(check_round_trip);
}

static void check_truncations(const struct group_body *b, uint8_t *bytes, size_t n)
{
	for (size_t less = 0; less < n; less++) {
		if (is_taken(b, bytes, less)) {
			fail_msg("%s is taken with %zu of %zu octets", b->name, less, n);
		}
	}
}

static void every_truncation_is_refused(void **state)
{
	(void)state;
	each_body(check_truncations);
}

static void check_trailing(const struct group_body *b, uint8_t *bytes, size_t n)
{
	for (size_t more = 1; more <= TRAILING; more++) {
		if (is_taken(b, bytes, n + more)) {
			fail_msg("%s is taken with %zu octets behind it", b->name, more);
		}
	}
}

static void every_trailing_octet_is_refused(void **state)
{
	(void)state;
	each_body(check_trailing);
}

static void check_room(const struct group_body *b, uint8_t *bytes, size_t n)
{
	for (size_t size = 0; size <= n; size += 4) {
		uint8_t *small = malloc(size > 0 ? size : 1);

		assert_non_null(small);
		if (b->encode(small, size) != (size < n ? 0 : n)) {
			fail_msg("%s of %zu octets is encoded into %zu", b->name, n, size);
		}
		assert_true(size < n || memcmp(small, bytes, n) == 0);
		free(small);
	}
}

static void what_does_not_fit_is_not_encoded(void **state)
{
	(void)state;
	each_body(check_room);
}

/* Of any body the head can be read without the rest. */
static void check_head(const struct group_body *b, uint8_t *bytes, size_t n)
{
	const struct group_head head = group_body_head();
	uint8_t encoded[GROUP_BODY_MAX];
	const size_t head_size = group_encode_head(encoded, sizeof(encoded), &head);
	struct group_head read;

	(void)b;
	assert_in_range(head_size, 1, n);
	assert_true(group_decode_head(&read, bytes, n));
	assert_string_equal(read.group, head.group);
	assert_int_equal(read.from, head.from);
	assert_int_equal(read.to, head.to);
	assert_int_equal(read.term, head.term);
	for (size_t less = 0; less < head_size; less++) {
		assert_false(group_decode_head(&read, bytes, less));
	}
}

static void all_have_a_head(void **state)
{
	(void)state;
	each_body(check_head);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_encoded_comes_back),
		cmocka_unit_test(every_truncation_is_refused),
		cmocka_unit_test(every_trailing_octet_is_refused),
		cmocka_unit_test(what_does_not_fit_is_not_encoded),
		cmocka_unit_test(all_have_a_head),
	};

	return cmocka_run_group_tests_name("group wire: any", tests, NULL, NULL);
}
