/* SPDX-License-Identifier: BSD-3-Clause */
/* Election: a member that wants to lead, leads, and stops leading. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/between.h"
#include "tests/support/elector.h"

#define LEASE   ELECTOR_LEASE
#define STAGGER (LEASE / 8)
#define TERM    (LEASE - LEASE / 16) /* how long a leader may act after a heartbeat */

/* --- to become the leader --- */

static void the_highest_comes_first(void **state)
{
	struct elector x;

	(void)state;
	for (member_id self = 1; self <= 9; self++) {
		elector_start(&x, self, 9);
		dur_ns rank = self >= 5 ? 9 - (dur_ns)self : 4;
		dur_ns waited = elector_until(&x, ELECTION_PROBE);
		assert_between(LEASE / 2 + rank * STAGGER, waited,
			       LEASE / 2 + (rank + 1) * STAGGER);
		assert_int_equal(x.e.state.term, 0); /* a probe binds nobody */
		assert_false(x.out.save);
		assert_int_equal(elector_sent(&x, ELECTION_PROBE)->to, MEMBER_NONE);
	}
}

/* Step by step: probe, vote, heartbeat; each with the others' voices of exactly a majority. */
static void elected_by_a_majority(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 5, 5);
	elector_until(&x, ELECTION_PROBE);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 9); /* no member */
	elector_agree(&x, ELECTION_VOTE_ANSWER, 1);  /* no answer to the question */
	elector_agree(&x, ELECTION_PROBE_ANSWER, 2);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 2); /* counts once */
	assert_null(elector_sent(&x, ELECTION_VOTE));
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	assert_non_null(elector_sent(&x, ELECTION_VOTE));
	assert_true(x.out.save);
	assert_int_equal(election_to_save(&x.e)->term, 1);
	assert_int_equal(election_to_save(&x.e)->voted_for, 5);

	elector_agree(&x, ELECTION_VOTE_ANSWER, 4);
	assert_null(elector_sent(&x, ELECTION_HEARTBEAT));
	elector_agree(&x, ELECTION_VOTE_ANSWER, 3);
	assert_non_null(elector_sent(&x, ELECTION_HEARTBEAT));
	assert_int_equal(election_to_save(&x.e)->voters.stamp.term, 1);

	elector_agree(&x, ELECTION_HEARTBEAT_ANSWER, 1);
	assert_false(election_may_act(&x.e, x.now));
	assert_int_equal(election_leader(&x.e, x.now), MEMBER_NONE);
	elector_agree(&x, ELECTION_HEARTBEAT_ANSWER, 3);
	assert_true(election_may_act(&x.e, x.now));
	assert_int_equal(election_leader(&x.e, x.now), 5);
}

static void refusals_do_not_count(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	m = elector_message(&x, ELECTION_PROBE_ANSWER, 1, 0);
	for (int v = ELECTION_YES + 1; v < ELECTION_VERDICTS; v++) {
		m.verdict = (enum election_verdict)v;
		elector_hear(&x, &m);
		assert_int_equal(x.e.role, ELECTION_PROBING);
	}
	m.verdict = ELECTION_YES;
	m.serial--; /* to an earlier question */
	elector_hear(&x, &m);
	assert_int_equal(x.e.role, ELECTION_PROBING);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	m = elector_message(&x, ELECTION_VOTE_ANSWER, 1, 0); /* of the term before */
	elector_hear(&x, &m);
	assert_int_equal(x.e.role, ELECTION_CANDIDATE);
}

/* An attempt is repeated for a while, then given up; the term is only as high as need be. */
static void attempts_end(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	assert_int_equal(elector_until(&x, ELECTION_PROBE), LEASE / 16);
	elector_pass(&x, LEASE / 4);
	assert_int_equal(x.e.role, ELECTION_FOLLOWER);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	assert_int_equal(x.e.role, ELECTION_FOLLOWER);
	assert_between(STAGGER, elector_until(&x, ELECTION_PROBE), 2 * STAGGER);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	assert_int_equal(elector_until(&x, ELECTION_VOTE), LEASE / 16);
	/* It is too late for an answer even if nobody has looked at the time since. */
	x.now = mono_add(x.now, LEASE / 4);
	elector_agree(&x, ELECTION_VOTE_ANSWER, 1);
	assert_int_equal(x.e.role, ELECTION_FOLLOWER);
	assert_int_equal(x.e.state.term, 1);
}

static void alone_it_leads_itself(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 1, 1);
	elector_until(&x, ELECTION_HEARTBEAT);
	assert_true(x.out.save);
	assert_true(election_may_act(&x.e, x.now));
	elector_until(&x, ELECTION_HEARTBEAT);
	elector_pass(&x, TERM);
	assert_false(election_may_act(&x.e, x.now)); /* it was frozen */
	elector_until(&x, ELECTION_HEARTBEAT);
	assert_true(election_may_act(&x.e, x.now));
	assert_int_equal(x.e.state.term, 2);
}

static void does_not_stand_unless_listed(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 4, 3);
	for (int i = 0; i < 20; i++) {
		elector_pass(&x, LEASE);
		assert_int_equal(x.out.n, 0);
	}
}

/* --- to be the leader --- */

static void heartbeats_and_lease(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	const struct mono elected = x.now;
	assert_int_equal(elector_until(&x, ELECTION_HEARTBEAT), LEASE / 6);
	const struct mono sent = x.now;
	/* The lease counts from when the heartbeat was sent, not from when it was answered. */
	x.now = mono_add(x.now, LEASE / 7);
	elector_agree(&x, ELECTION_HEARTBEAT_ANSWER, 1);
	x.now = mono_add(sent, TERM - 1);
	assert_true(election_may_act(&x.e, x.now));
	x.now = mono_add(sent, TERM);
	assert_false(election_may_act(&x.e, x.now));
	assert_true(mono_since(sent, elected) > 0);
}

/* Stopped for longer than its lease: neither answers nor heartbeats bring it back. */
static void wakes_after_its_lease(void **state)
{
	struct elector x;
	struct election_message late;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	elector_until(&x, ELECTION_HEARTBEAT);
	late = elector_message(&x, ELECTION_HEARTBEAT_ANSWER, 1, 1);
	x.now = mono_add(x.now, 10 * LEASE);
	assert_false(election_may_act(&x.e, x.now));
	elector_hear(&x, &late);
	assert_false(election_may_act(&x.e, x.now));
	assert_int_equal(x.e.role, ELECTION_FOLLOWER);
	assert_int_equal(election_add(&x.e, 9, x.now, &x.out), -EPERM);
}

static void unconfirmed_it_does_not_act(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	elector_agree(&x, ELECTION_VOTE_ANSWER, 1);
	assert_int_equal(x.e.role, ELECTION_LEADER);
	assert_false(election_may_act(&x.e, x.now));
	struct election_message refusal = elector_message(&x, ELECTION_HEARTBEAT_ANSWER, 2, 1);
	refusal.verdict = ELECTION_SECOND_LEADER;
	elector_hear(&x, &refusal);
	assert_false(election_may_act(&x.e, x.now));
	elector_pass(&x, TERM);
	assert_int_equal(x.e.role, ELECTION_FOLLOWER);
}

/* Answers to it as an earlier leader count no more. */
static void elected_again(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	election_step_down(&x.e, 0, x.now, &x.out);
	assert_int_equal(elector_sent(&x, ELECTION_RESIGN)->successor, 2);
	elector_until(&x, ELECTION_PROBE);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	elector_agree(&x, ELECTION_VOTE_ANSWER, 1);
	assert_int_equal(x.e.role, ELECTION_LEADER);
	assert_false(election_may_act(&x.e, x.now));
	election_step_down(&x.e, 0, x.now, &x.out);
	assert_int_equal(elector_sent(&x, ELECTION_RESIGN)->successor, MEMBER_NONE);
}

static void unsaved_it_does_not_act(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	assert_int_equal(election_add(&x.e, 4, x.now, &x.out), 0);
	assert_true(x.out.save);
	assert_false(election_may_act(&x.e, x.now));
	election_saved(&x.e);
	assert_true(election_may_act(&x.e, x.now));
}

static void a_newer_term_ends_it(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	m = elector_message(&x, ELECTION_HEARTBEAT_ANSWER, 1, 7);
	m.verdict = ELECTION_OLD_TERM;
	elector_hear(&x, &m);
	assert_false(election_may_act(&x.e, x.now));
	assert_int_equal(x.e.state.term, 7);
	elector_pass(&x, 0); /* at once, as it is the others' leader still */
	assert_non_null(elector_sent(&x, ELECTION_PROBE));
}

static void helps_nobody_else_while_it_leads(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	elector_elect(&x);
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 5), ELECTION_LEADER_LIVES);
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, 1), ELECTION_SECOND_LEADER);
	assert_true(election_may_act(&x.e, x.now));
	assert_int_equal(elector_told(&x, ELECTION_HEARTBEAT, 3, 2), ELECTION_YES);
	assert_false(election_may_act(&x.e, x.now));
	assert_int_equal(election_leader(&x.e, x.now), 3);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_comes_first),
		cmocka_unit_test(elected_by_a_majority),
		cmocka_unit_test(refusals_do_not_count),
		cmocka_unit_test(attempts_end),
		cmocka_unit_test(alone_it_leads_itself),
		cmocka_unit_test(does_not_stand_unless_listed),
		cmocka_unit_test(heartbeats_and_lease),
		cmocka_unit_test(wakes_after_its_lease),
		cmocka_unit_test(unconfirmed_it_does_not_act),
		cmocka_unit_test(elected_again),
		cmocka_unit_test(unsaved_it_does_not_act),
		cmocka_unit_test(a_newer_term_ends_it),
		cmocka_unit_test(helps_nobody_else_while_it_leads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
