/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists of voters: ids, stamps, majorities, changes; and tallies of answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "group/core/voters.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct voters make(uint64_t term, uint64_t version, const member_id *ids, size_t n)
{
	struct voters e;

	assert_int_equal(voters_make(&e, term, version, ids, n), 0);
	return e;
}

static void sorted_whatever_the_order(void **state)
{
	static const member_id up[] = { 2, 5, UINT64_MAX };
	static const member_id mixed[] = { 5, UINT64_MAX, 2 };
	struct voters a = make(3, 4, up, 3);
	struct voters b = make(3, 4, mixed, 3);

	(void)state;
	assert_int_equal(b.n, 3);
	assert_memory_equal(b.id, up, sizeof(up));
	assert_int_equal(voters_compare(a.stamp, b.stamp), VOTERS_SAME);
	assert_int_equal(voters_find(&b, 2), 0);
	assert_int_equal(voters_find(&b, 5), 1);
	assert_int_equal(voters_find(&b, UINT64_MAX), 2);
	assert_int_equal(voters_find(&b, 3), -ENOENT);
	assert_int_equal(voters_find(&b, MEMBER_NONE), -ENOENT);
}

static void bad_lists(void **state)
{
	static const member_id twice[] = { 1, 2, 1 };
	static const member_id none[] = { 1, MEMBER_NONE };
	static member_id many[MEMBERS_MAX + 1];
	struct voters e;

	(void)state;
	for (size_t i = 0; i < COUNT(many); i++) {
		many[i] = COUNT(many) - i;
	}
	assert_int_equal(voters_make(&e, 0, 0, twice, 3), -EINVAL);
	assert_int_equal(voters_make(&e, 0, 0, none, 2), -EINVAL);
	assert_int_equal(voters_make(&e, 0, 0, many, COUNT(many)), -E2BIG);
	e = make(0, 0, many, MEMBERS_MAX);
	assert_int_equal(voters_find(&e, MEMBERS_MAX + 1), MEMBERS_MAX - 1);
	assert_int_equal(voters_add(&e, 1), -E2BIG);
	assert_int_equal(e.n, MEMBERS_MAX);
	e = make(0, 0, NULL, 0);
	assert_int_equal(e.n, 0);
	assert_int_equal(voters_find(&e, 1), -ENOENT);
}

/* The term counts before the version, and both before the list. */
static void which_is_newer(void **state)
{
	static const struct {
		struct voters_stamp a, b;
		enum voters_order order, reverse;
	} cases[] = {
		{ { 1, 1, 7 }, { 1, 1, 7 }, VOTERS_SAME, VOTERS_SAME },
		{ { 1, 1, 7 }, { 1, 1, 8 }, VOTERS_CONTRARY, VOTERS_CONTRARY },
		{ { 1, 2, 7 }, { 1, 1, 7 }, VOTERS_NEWER, VOTERS_OLDER },
		{ { 2, 1, 7 }, { 1, 9, 8 }, VOTERS_NEWER, VOTERS_OLDER },
		{ { 0, 0, 7 }, { 1, 0, 7 }, VOTERS_OLDER, VOTERS_NEWER },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(voters_compare(cases[i].a, cases[i].b), cases[i].order);
		assert_int_equal(voters_compare(cases[i].b, cases[i].a), cases[i].reverse);
	}
}

/* Any two majorities meet, also those of two lists of voters that differ by one member. */
static void majorities(void **state)
{
	static const size_t expected[] = { 1, 1, 2, 2, 3, 3, 4, 4 };
	struct voters e = make(0, 0, NULL, 0);

	(void)state;
	for (size_t n = 0; n < COUNT(expected); n++) {
		size_t before = voters_majority(&e);
		assert_int_equal(before, expected[n]);
		assert_true(2 * before > n);
		assert_int_equal(voters_add(&e, n + 1), 0);
		assert_true(before + voters_majority(&e) > n + 1);
	}
}

static void changes(void **state)
{
	static const member_id ids[] = { 10, 20, 30 };
	static const member_id more[] = { 10, 15, 20, 30 };
	struct voters e = make(7, 3, ids, 3);
	const struct voters_stamp first = e.stamp;

	(void)state;
	assert_int_equal(voters_add(&e, 15), 0);
	assert_int_equal(e.n, 4);
	assert_memory_equal(e.id, more, sizeof(more));
	assert_int_equal(e.stamp.term, 7);
	assert_int_equal(e.stamp.version, 4);
	assert_int_equal(e.stamp.digest, make(0, 0, more, 4).stamp.digest);
	assert_true(e.stamp.digest != first.digest);

	assert_int_equal(voters_add(&e, 15), -EEXIST);
	assert_int_equal(voters_add(&e, MEMBER_NONE), -EINVAL);
	assert_int_equal(voters_remove(&e, 16), -ENOENT);
	assert_int_equal(e.stamp.version, 4);

	assert_int_equal(voters_remove(&e, 15), 0);
	assert_memory_equal(e.id, ids, sizeof(ids));
	assert_int_equal(e.stamp.version, 5);
	assert_int_equal(e.stamp.digest, first.digest);
}

static void digests_differ(void **state)
{
	uint64_t seen[200];
	size_t n = 0;

	(void)state;
	/* All lists of 1 and of 2 out of 1 to 19. */
	for (member_id a = 1; a < 20; a++) {
		for (member_id b = 0; b < a; b++) {
			const member_id ids[] = { a, b };
			seen[n] = make(0, 0, ids, b ? 2 : 1).stamp.digest;
			for (size_t i = 0; i < n; i++) {
				assert_true(seen[i] != seen[n]);
			}
			n++;
		}
	}
	assert_int_equal(n, 190);
}

static void each_counts_once(void **state)
{
	struct tally t = { .n = 0 };

	(void)state;
	for (int round = 0; round < 2; round++) {
		for (int place = 0; place < MEMBERS_MAX; place += 3) {
			tally_add(&t, place);
		}
	}
	assert_int_equal(t.n, (MEMBERS_MAX + 2) / 3);
	for (int place = 0; place < MEMBERS_MAX; place++) {
		assert_int_equal(tally_has(&t, place), place % 3 == 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sorted_whatever_the_order),
		cmocka_unit_test(bad_lists),
		cmocka_unit_test(which_is_newer),
		cmocka_unit_test(majorities),
		cmocka_unit_test(changes),
		cmocka_unit_test(digests_differ),
		cmocka_unit_test(each_counts_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
