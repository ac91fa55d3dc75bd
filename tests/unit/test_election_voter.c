/* SPDX-License-Identifier: BSD-3-Clause */
/* Election: a member that is asked, and that follows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "tests/support/elector.h"

static void votes_once_in_a_term(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 5), ELECTION_YES);
	assert_true(x.out.save);
	assert_int_equal(election_to_save(&x.e)->term, 5);
	assert_int_equal(election_to_save(&x.e)->voted_for, 1);
	const struct election_message *answer = elector_sent(&x, ELECTION_VOTE_ANSWER);
	assert_non_null(answer);
	assert_int_equal(answer->to, 1);
	assert_int_equal(answer->term, 5);
	assert_int_equal(answer->verdict, ELECTION_YES);

	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 5), ELECTION_VOTED);
	assert_int_equal(elector_sent(&x, ELECTION_VOTE_ANSWER)->verdict, ELECTION_VOTED);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 5), ELECTION_YES); /* a copy */
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 4), ELECTION_OLD_TERM);
	assert_int_equal(elector_sent(&x, ELECTION_VOTE_ANSWER)->term, 5);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 6), ELECTION_YES);
}

static void votes_once_across_a_restart(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_VOTE, 1, 5);
	elector_restart(&x);
	elector_pass(&x, ELECTOR_LEASE);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 5), ELECTION_VOTED);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 5), ELECTION_YES);
}

/* It may have promised a leader not to, before. */
static void rests_after_a_restart(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	elector_restart(&x);
	elector_pass(&x, ELECTOR_LEASE - 1);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 6), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 5), ELECTION_LEADER_LIVES);
	elector_pass(&x, 1);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 6), ELECTION_YES);
}

/* If that was lost it may have promised and voted as well, for whatever term. */
static void rests_when_nothing_was_saved(void **state)
{
	struct election_message m;
	struct election_setup setup;
	struct election_state new;
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	setup = x.e.setup;
	setup.forgot = true;
	new = x.e.state;
	assert_int_equal(election_init(&x.e, &setup, &new, x.now), 0);
	m = elector_message(&x, ELECTION_CLAIM, 2, 7);
	m.released = 7;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	elector_pass(&x, ELECTOR_LEASE - 1);
	assert_null(elector_sent(&x, ELECTION_PROBE));
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 8), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 8), ELECTION_LEADER_LIVES);
	elector_pass(&x, 1);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 8), ELECTION_YES);
}

/* It asks to save until that is done. */
static void asks_for_a_save_until_it_is_done(void **state)
{
	struct elector x;
	struct election_message vote;

	(void)state;
	elector_start(&x, 2, 3);
	vote = elector_message(&x, ELECTION_VOTE, 1, 5);
	for (int i = 0; i < 3; i++) {
		election_receive(&x.e, &vote, x.now, &x.out);
		assert_true(x.out.save);
		election_tick(&x.e, x.now, &x.out);
		assert_true(x.out.save);
	}
	election_saved(&x.e);
	election_receive(&x.e, &vote, x.now, &x.out);
	assert_false(x.out.save);
	assert_int_equal(elector_sent(&x, ELECTION_VOTE_ANSWER)->verdict, ELECTION_YES);
}

static void bound_to_a_living_leader(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, 5), ELECTION_YES);
	assert_int_equal(election_leader(&x.e, x.now), 3);
	elector_pass(&x, ELECTOR_LEASE - 1);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 5), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 6), ELECTION_LEADER_LIVES);
	assert_int_equal(x.e.state.term, 5); /* and the term is as it was */
	assert_int_equal(election_leader(&x.e, x.now), 3);
	elector_pass(&x, 1);
	assert_int_equal(election_leader(&x.e, x.now), MEMBER_NONE);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 5), ELECTION_YES);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 6), ELECTION_YES);
}

/* The promise does not hold against the leader itself, and outlives a new term. */
static void promise_is_to_a_member(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	elector_told(&x, ELECTION_PROBE_ANSWER, 1, 8); /* so there is a term 8 */
	assert_int_equal(x.e.state.term, 8);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 9), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 9), ELECTION_YES);
}

/* A vote in a term that it is in already has to be saved as well. */
static void every_vote_is_saved(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_PROBE_ANSWER, 1, 8);
	assert_true(x.out.save);
	elector_told(&x, ELECTION_PROBE, 1, 8);
	assert_false(x.out.save);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 1, 8), ELECTION_YES);
	assert_true(x.out.save);
}

/* Nor does a member help itself, whatever it hears of newer terms. */
static void bound_itself(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	elector_told(&x, ELECTION_PROBE_ANSWER, 1, 8);
	assert_true(elector_until(&x, ELECTION_PROBE) >= ELECTOR_LEASE);
}

/* A copy of an old heartbeat renews nothing. */
static void late_heartbeats(void **state)
{
	struct elector x;
	struct election_message heartbeat;

	(void)state;
	elector_start(&x, 2, 3);
	heartbeat = elector_message(&x, ELECTION_HEARTBEAT, 3, 5);
	heartbeat.serial = 7;
	elector_hear(&x, &heartbeat);
	elector_pass(&x, ELECTOR_LEASE / 2);
	assert_int_equal(elector_hear(&x, &heartbeat), ELECTION_YES);
	heartbeat.serial = 6;
	assert_int_equal(elector_hear(&x, &heartbeat), ELECTION_YES);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->serial, 6);
	elector_pass(&x, ELECTOR_LEASE / 2);
	assert_int_equal(elector_told(&x, ELECTION_PROBE, 1, 5), ELECTION_YES);
}

static void one_leader_in_a_term(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 1, 5), ELECTION_SECOND_LEADER);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 1, 4), ELECTION_OLD_TERM);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->term, 5);
	assert_int_equal(election_obey(&x.e, 1, 5, 1, x.now, &x.out), ELECTION_SECOND_LEADER);
	assert_int_equal(election_obey(&x.e, 1, 4, 1, x.now, &x.out), ELECTION_OLD_TERM);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->term, 5);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->to, 1);
	assert_int_equal(election_obey(&x.e, 3, 5, 1, x.now, &x.out), ELECTION_YES);
	assert_int_equal(x.out.n, 0);
	assert_int_equal(election_obey(&x.e, 1, 6, 1, x.now, &x.out), ELECTION_YES);
	assert_true(x.out.save);
	assert_int_equal(election_leader(&x.e, x.now), 1);
}

/* After its leader resigned, of whom it need not have heard from itself. */
static void released_by_the_leader(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	m = elector_message(&x, ELECTION_VOTE, 1, 6);
	m.released = 4; /* not this one */
	assert_int_equal(elector_hear(&x, &m), ELECTION_LEADER_LIVES);
	m.released = 5;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	/* What it says itself is never about terms that it has not been in. */
	m.term = 9;
	m.released = 8;
	m.stamp.digest++;
	assert_int_equal(elector_hear(&x, &m), ELECTION_OTHER_VOTERS);
	assert_int_equal(elector_sent(&x, ELECTION_VOTE_ANSWER)->released, 6);
}

static void takeover_needs_only_consent(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 1, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 2, 5);
	m = elector_message(&x, ELECTION_PROBE, 3, 5);
	assert_int_equal(elector_hear(&x, &m), ELECTION_LEADER_LIVES);
	m.takeover = true;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	m.term = 6; /* it knows another leader */
	assert_int_equal(elector_hear(&x, &m), ELECTION_LEADER_LIVES);
	/* To vote is another matter. */
	m = elector_message(&x, ELECTION_VOTE, 3, 6);
	m.takeover = true;
	assert_int_equal(elector_hear(&x, &m), ELECTION_LEADER_LIVES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(votes_once_in_a_term),
		cmocka_unit_test(votes_once_across_a_restart),
		cmocka_unit_test(rests_after_a_restart),
		cmocka_unit_test(rests_when_nothing_was_saved),
		cmocka_unit_test(asks_for_a_save_until_it_is_done),
		cmocka_unit_test(bound_to_a_living_leader),
		cmocka_unit_test(promise_is_to_a_member),
		cmocka_unit_test(every_vote_is_saved),
		cmocka_unit_test(bound_itself),
		cmocka_unit_test(late_heartbeats),
		cmocka_unit_test(one_leader_in_a_term),
		cmocka_unit_test(released_by_the_leader),
		cmocka_unit_test(takeover_needs_only_consent),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
