/* SPDX-License-Identifier: BSD-3-Clause */
/* Recorded messages, and terms that no group gets to. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/elector.h"

#define JUMP (UINT64_C(1) << 32)

static enum election_verdict obey(struct elector *x, member_id from, uint64_t term, uint64_t serial)
{
	enum election_verdict verdict = election_obey(&x->e, from, term, serial, x->now, &x->out);

	elector_save(x);
	return verdict;
}

/* Neither again, nor when a newer one has come first. */
static void a_poll_is_obeyed_once(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(obey(&x, 3, 5, 7), ELECTION_YES);
	assert_int_equal(obey(&x, 3, 5, 7), ELECTION_REPEATED);
	assert_int_equal(x.out.n, 0);
	assert_int_equal(obey(&x, 3, 5, 6), ELECTION_REPEATED);
	assert_int_equal(obey(&x, 3, 5, 0), ELECTION_REPEATED);
	assert_int_equal(obey(&x, 3, 5, 9), ELECTION_YES);
	/* Heartbeats have numbers of their own. */
	assert_int_equal(x.e.heard, 0);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, 5), ELECTION_YES);
	assert_int_equal(obey(&x, 3, 5, 10), ELECTION_YES);
}

static void a_new_leader_counts_anew(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(obey(&x, 3, 5, 1000), ELECTION_YES);
	assert_int_equal(obey(&x, 1, 6, 1), ELECTION_YES);
	assert_int_equal(obey(&x, 3, 5, 1001), ELECTION_OLD_TERM);
	/* A member that has forgotten all of it takes the first that comes, and none before. */
	elector_restart(&x);
	assert_int_equal(obey(&x, 1, 6, 3), ELECTION_YES);
	assert_int_equal(obey(&x, 1, 6, 2), ELECTION_REPEATED);
}

/* Else a dead leader would be shown, and waited for, as long as its words are repeated. */
static void repetitions_keep_no_leader_alive(void **state)
{
	struct elector x;
	struct election_message heartbeat;

	(void)state;
	elector_start(&x, 2, 3);
	heartbeat = elector_message(&x, ELECTION_HEARTBEAT, 3, 5);
	elector_hear(&x, &heartbeat);
	obey(&x, 3, 5, 1);
	assert_int_equal(election_leader(&x.e, x.now), 3);
	for (int i = 0; i < 4; i++) {
		x.now = mono_add(x.now, ELECTOR_LEASE / 4);
		elector_hear(&x, &heartbeat);
		obey(&x, 3, 5, 1);
	}
	assert_int_equal(election_leader(&x.e, x.now), MEMBER_NONE);
}

/* An answer that belongs to a question from before a restart belongs to none after it. */
static void questions_are_not_the_same_after_a_restart(void **state)
{
	const struct election_state nothing = { .term = 0 };
	struct election_setup setup = { .self = 1, .lease = ELECTOR_LEASE, .seed = UINT64_MAX };
	struct election a, b;

	(void)state;
	assert_int_equal(election_init(&a, &setup, &nothing, (struct mono){ .ns = 0 }), 0);
	setup.seed = 12345678901;
	assert_int_equal(election_init(&b, &setup, &nothing, (struct mono){ .ns = 0 }), 0);
	assert_true(a.serial != b.serial);
	assert_true(a.serial < UINT64_MAX / 2); /* there is room for all that it will say */
}

/* --- terms --- */

static const uint64_t absurd[] = { UINT64_MAX, UINT64_MAX - 1, ELECTION_TERM_LIMIT,
				   UINT64_C(1) << 63, 5 + JUMP + 1 };

static void absurd_terms_change_nothing(void **state)
{
	struct elector x;
	struct election before;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	before = x.e;
	for (size_t i = 0; i < sizeof(absurd) / sizeof(absurd[0]); i++) {
		assert_int_equal(obey(&x, 1, absurd[i], 1), ELECTION_ABSURD);
		assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->term, 5);
		for (int kind = 0; kind < ELECTION_KINDS; kind++) {
			assert_int_equal(elector_told(&x, (enum election_kind)kind, 1, absurd[i]),
					 ELECTION_ABSURD);
		}
	}
	assert_memory_equal(&before, &x.e, sizeof(before));
}

/* Two would take it so far away that it could not come back. */
static void one_far_term_an_hour(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(obey(&x, 1, JUMP, 1), ELECTION_YES);
	assert_int_equal(obey(&x, 1, 2 * JUMP, 1), ELECTION_ABSURD);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 1, JUMP + (1 << 17)),
			 ELECTION_ABSURD);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, JUMP + 1000), ELECTION_YES);
	elector_pass(&x, 3600 * NS_PER_SEC);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, 2 * JUMP), ELECTION_YES);
}

/* It would be newer than that of every leader to come, and keep this member from voting. */
static void an_voters_of_a_later_term(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 2, 3);
	m = elector_message(&x, ELECTION_HEARTBEAT, 3, 5);
	m.stamp.term = 6;
	assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
	m.stamp.term = 5;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	assert_int_equal(x.e.state.voters.stamp.term, 5);
}

/* The list is longer than the question, which anybody that heard it may repeat. */
static void who_was_removed_is_not_told_for_each_question(void **state)
{
	struct election_message probe;
	struct elector x;
	int told = 0;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	probe = elector_message(&x, ELECTION_PROBE, 1, x.e.state.term);
	probe.stamp.term = 0;
	for (int i = 0; i < 1000; i++) {
		elector_hear(&x, &probe);
		told += elector_sent(&x, ELECTION_VOTERS) != NULL;
		x.now = mono_add(x.now, ELECTOR_LEASE / 8000);
	}
	assert_in_range(told, 1, 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_poll_is_obeyed_once),
		cmocka_unit_test(a_new_leader_counts_anew),
		cmocka_unit_test(repetitions_keep_no_leader_alive),
		cmocka_unit_test(questions_are_not_the_same_after_a_restart),
		cmocka_unit_test(absurd_terms_change_nothing),
		cmocka_unit_test(one_far_term_an_hour),
		cmocka_unit_test(an_voters_of_a_later_term),
		cmocka_unit_test(who_was_removed_is_not_told_for_each_question),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
