/* SPDX-License-Identifier: BSD-3-Clause */
/* Election: a member that is removed, and how it learns that. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/elector.h"

#define LEASE ELECTOR_LEASE

/* Answers to the latest heartbeat with the list of voters as it is. */
static void installed_at(struct elector *x, member_id from)
{
	elector_agree(x, ELECTION_HEARTBEAT_ANSWER, from);
}

/* A leader, the highest of n, whose list of voters a majority has. */
static void start_leader(struct elector *x, size_t n)
{
	elector_start(x, n, n);
	elector_elect(x);
	for (member_id id = 1; id <= n / 2; id++) {
		installed_at(x, id);
	}
}

static void remove_member(struct elector *x, member_id id)
{
	assert_int_equal(election_remove(&x->e, id, x->now, &x->out), 0);
	elector_save(x);
}

/* One that was removed while it was away probes by its old list, and is told. */
static void who_probes_is_told(void **state)
{
	struct elector x;
	struct election_message probe;

	(void)state;
	start_leader(&x, 3);
	probe = elector_message(&x, ELECTION_PROBE, 2, 1);
	remove_member(&x, 2);
	assert_int_equal(elector_hear(&x, &probe), ELECTION_LEADER_LIVES);
	assert_non_null(elector_sent(&x, ELECTION_VOTERS));
	assert_int_equal(elector_sent(&x, ELECTION_VOTERS)->to, 2);
}

/* Not before: until then the next leader may need its vote. */
static void told_once_a_majority_has_the_change(void **state)
{
	struct elector x;

	(void)state;
	start_leader(&x, 5);
	remove_member(&x, 4);
	assert_null(elector_sent(&x, ELECTION_VOTERS));
	installed_at(&x, 1);
	assert_null(elector_sent(&x, ELECTION_VOTERS)); /* 2 of 4 */
	installed_at(&x, 2);
	const struct election_message *told = elector_sent(&x, ELECTION_VOTERS);
	assert_non_null(told);
	assert_int_equal(told->to, 4);
	assert_int_equal(told->voters->n, 4);
	assert_true(voters_find(told->voters, 4) < 0);
	installed_at(&x, 3);
	assert_null(elector_sent(&x, ELECTION_VOTERS)); /* once */
}

static void who_is_left_alone_tells_at_once(void **state)
{
	struct elector x;

	(void)state;
	start_leader(&x, 2);
	remove_member(&x, 1);
	assert_non_null(elector_sent(&x, ELECTION_VOTERS));
	assert_int_equal(elector_sent(&x, ELECTION_VOTERS)->to, 1);
}

/* Another term: whether that change came about is another question. */
static void the_next_leader_does_not_tell(void **state)
{
	struct elector x;

	(void)state;
	start_leader(&x, 5);
	remove_member(&x, 4);
	elector_pass(&x, 2 * LEASE);
	elector_elect(&x);
	for (member_id id = 1; id <= 3; id++) {
		installed_at(&x, id);
		assert_null(elector_sent(&x, ELECTION_VOTERS));
	}
}

/* --- the one that was removed --- */

/* VOTERS of leader 3 in that term, with these members. */
static enum election_verdict hear_voters(struct elector *x, struct voters *list, uint64_t term,
					 uint64_t version, size_t n)
{
	static const member_id ids[] = { 1, 3, 2 }; /* without 2 if only two */
	struct election_message m = elector_message(x, ELECTION_VOTERS, 3, term);

	assert_int_equal(voters_make(list, term, version, ids, n), 0);
	m.stamp = list->stamp;
	m.voters = list;
	return elector_hear(x, &m);
}

static bool is_member(const struct elector *x)
{
	return voters_find(&election_to_save(&x->e)->voters, x->e.setup.self) >= 0;
}

static void the_removed_stands_no_more(void **state)
{
	struct voters list;
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 1);
	assert_int_equal(hear_voters(&x, &list, 1, 1, 2), ELECTION_YES);
	assert_true(x.out.save);
	assert_false(is_member(&x));
	for (int i = 0; i < 20; i++) {
		elector_pass(&x, LEASE);
		assert_int_equal(x.out.n, 0);
	}
	elector_restart(&x);
	elector_pass(&x, 3 * LEASE);
	assert_int_equal(x.out.n, 0);
	/* Nor does it help a member that missed its own removal. */
	struct election_message vote = elector_message(&x, ELECTION_VOTE, 1, 2);
	vote.stamp.version = 0;
	assert_int_equal(elector_hear(&x, &vote), ELECTION_OLD_VOTERS);
}

/* A message from before it was added again, or by a member that does not lead, removes nobody. */
static void old_lists_remove_nobody(void **state)
{
	struct voters list;
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(hear_voters(&x, &list, 5, 1, 2), ELECTION_YES);
	assert_false(is_member(&x));
	assert_int_equal(hear_voters(&x, &list, 5, 2, 3), ELECTION_YES);
	assert_true(is_member(&x));
	assert_int_equal(hear_voters(&x, &list, 5, 1, 2), ELECTION_YES); /* of its leader */
	assert_true(is_member(&x));
	assert_int_equal(hear_voters(&x, &list, 4, 9, 2), ELECTION_OLD_TERM);
	assert_true(is_member(&x));

	struct election_message m = elector_message(&x, ELECTION_VOTERS, 1, 5);
	assert_int_equal(voters_make(&list, 5, 9, (const member_id[]){ 1, 3 }, 2), 0);
	m.stamp = list.stamp;
	m.voters = &list;
	assert_int_equal(elector_hear(&x, &m), ELECTION_SECOND_LEADER);
	assert_true(is_member(&x));
}

/* --- whose list is so old that the leader is not on it --- */

static void a_refusal_names_the_leader(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 0), ELECTION_YES);
	assert_int_equal(elector_sent(&x, ELECTION_PROBE_ANSWER)->successor, MEMBER_NONE);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 1);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 1), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_sent(&x, ELECTION_PROBE_ANSWER)->successor, 3);
}

static struct election_message refusal(const struct elector *x, member_id from, member_id leader)
{
	struct election_message m =
		elector_message(x, ELECTION_PROBE_ANSWER, from, x->e.state.term);

	m.verdict = ELECTION_LEADER_LIVES;
	m.successor = leader;
	return m;
}

static void the_leader_is_asked_once_an_attempt(void **state)
{
	struct election_message m;
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	for (int attempt = 0; attempt < 3; attempt++) {
		elector_until(&x, ELECTION_PROBE);
		m = refusal(&x, 1, 2); /* on the list: it has been asked */
		elector_hear(&x, &m);
		assert_int_equal(x.out.n, 0);
		m = refusal(&x, 8, 7); /* we did not ask that one */
		elector_hear(&x, &m);
		assert_int_equal(x.out.n, 0);
		m = refusal(&x, 1, 7);
		m.serial--; /* of the attempt before */
		elector_hear(&x, &m);
		assert_int_equal(x.out.n, 0);

		m = refusal(&x, 1, 7);
		elector_hear(&x, &m);
		assert_int_equal(x.out.n, 1);
		assert_int_equal(elector_sent(&x, ELECTION_PROBE)->to, 7);
		m = refusal(&x, 2, 7);
		elector_hear(&x, &m);
		assert_int_equal(x.out.n, 0);
		elector_pass(&x, LEASE / 4); /* it ends */
		assert_int_equal(x.e.role, ELECTION_FOLLOWER);
	}
}

/* A member that was removed long ago gets from one to the next, but not for ever. */
static void a_stranger_may_only_know_who_knows(void **state)
{
	struct election_message m;
	struct elector x;
	int asked = 0;

	(void)state;
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	m = refusal(&x, 1, 7);
	elector_hear(&x, &m);
	assert_int_equal(elector_sent(&x, ELECTION_PROBE)->to, 7);
	m = refusal(&x, 7, 8);
	elector_hear(&x, &m);
	assert_int_equal(elector_sent(&x, ELECTION_PROBE)->to, 8);
	m = refusal(&x, 7, 9); /* is not the one that was asked last */
	elector_hear(&x, &m);
	assert_int_equal(x.out.n, 0);
	for (member_id id = 8; id < 40; id++) {
		m = refusal(&x, id, id + 1);
		elector_hear(&x, &m);
		asked += x.out.n > 0;
	}
	assert_int_equal(asked, 8 - 2);
}

/* Who leads it does not know; but whom its newer voters consists of. */
static void a_refusal_names_one_of_the_newer_voters(void **state)
{
	struct election_message m;
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3); /* the highest of three */
	x.e.state.voters.stamp.version = 2;
	m = elector_message(&x, ELECTION_PROBE, 1, 0);
	m.stamp.version = 1;
	for (m.serial = 1; m.serial < 10; m.serial++) {
		elector_hear(&x, &m);
		assert_int_equal(elector_sent(&x, ELECTION_PROBE_ANSWER)->verdict,
				 ELECTION_OLD_VOTERS);
		/* Neither itself nor who asks. */
		assert_int_equal(elector_sent(&x, ELECTION_PROBE_ANSWER)->successor, 2);
	}
}

/* It has no vote here. */
static void a_strangers_answer_does_not_count(void **state)
{
	struct election_message m;
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	m = refusal(&x, 1, 7);
	elector_hear(&x, &m);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 7);
	assert_int_equal(x.e.role, ELECTION_PROBING);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 2);
	assert_int_equal(x.e.role, ELECTION_CANDIDATE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_probes_is_told),
		cmocka_unit_test(told_once_a_majority_has_the_change),
		cmocka_unit_test(who_is_left_alone_tells_at_once),
		cmocka_unit_test(the_next_leader_does_not_tell),
		cmocka_unit_test(the_removed_stands_no_more),
		cmocka_unit_test(old_lists_remove_nobody),
		cmocka_unit_test(a_refusal_names_the_leader),
		cmocka_unit_test(the_leader_is_asked_once_an_attempt),
		cmocka_unit_test(a_stranger_may_only_know_who_knows),
		cmocka_unit_test(a_refusal_names_one_of_the_newer_voters),
		cmocka_unit_test(a_strangers_answer_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
