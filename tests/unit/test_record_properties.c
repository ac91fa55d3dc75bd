/* SPDX-License-Identifier: BSD-3-Clause */
/* Record marking: what must hold however a stream is cut up, and whatever it says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/fragments.h"
#include "tests/support/random.h"

#define SIZE READER_SIZE
#define LAST RECORD_LAST_FRAGMENT

/* Cut a random record into random fragments and those into random pieces: it comes out whole. */
static bool comes_out_whole(struct random *random)
{
	struct reader r;
	struct stream s = { 0 };
	uint8_t body[SIZE];
	const size_t n = (size_t)random_between(random, 0, SIZE);
	const int64_t fragments = random_between(random, 1, RECORD_MAX_FRAGMENTS);
	enum record_state state = RECORD_PARTIAL;
	size_t at = 0, used;

	for (size_t i = 0; i < n; i++) {
		body[i] = (uint8_t)random_next(random);
	}
	for (int64_t i = 1; i < fragments; i++) {
		const size_t some = (size_t)random_of_any_size(random, (int64_t)(n - at));

		stream_add(&s, (uint32_t)some, body + at, some);
		at += some;
	}
	stream_add(&s, LAST | (uint32_t)(n - at), body + at, n - at);
	reader_init(&r);
	for (at = 0; at < s.len && state == RECORD_PARTIAL; at += used) {
		const int64_t rest = (int64_t)(s.len - at);

		state = record_feed(&r.record, s.bytes + at,
				    (size_t)random_between(random, 1, rest), &used);
	}
	return state == RECORD_COMPLETE && at == s.len && r.record.len == n &&
	       memcmp(r.bytes, body, n) == 0 && reader_kept_within(&r);
}

/* For any input, nothing is written outside the buffer, and all octets are used or refused. */
static bool garbage_does_no_harm(struct random *random)
{
	struct reader r;
	uint8_t garbage[256];
	size_t at = 0;

	for (size_t i = 0; i < sizeof(garbage); i++) { /* small numbers, and the top bit */
		garbage[i] =
			random_between(random, 0, 3) ? 0 : (uint8_t)(random_next(random) & 0x9f);
	}
	reader_init(&r);
	while (at < sizeof(garbage)) {
		const size_t n = (size_t)random_between(random, 1, (int64_t)(sizeof(garbage) - at));
		size_t used;
		enum record_state state = record_feed(&r.record, garbage + at, n, &used);

		if (used > n || !reader_kept_within(&r) || (state == RECORD_PARTIAL && used != n)) {
			return false;
		}
		if (state == RECORD_REFUSED) {
			return true;
		}
		if (state == RECORD_COMPLETE) {
			record_next(&r.record);
		}
		at += used;
	}
	return true;
}

static void a_record_comes_out_whole(void **state)
{
	(void)state;
	assert_true(random_holds("comes_out_whole", comes_out_whole, 20000));
}

static void garbage_is_used_up_or_refused(void **state)
{
	(void)state;
	assert_true(random_holds("garbage_does_no_harm", garbage_does_no_harm, 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_record_comes_out_whole),
		cmocka_unit_test(garbage_is_used_up_or_refused),
	};

	return cmocka_run_group_tests_name("record_properties", tests, NULL, NULL);
}
