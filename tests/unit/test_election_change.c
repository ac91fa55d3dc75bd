/* SPDX-License-Identifier: BSD-3-Clause */
/* Election: leadership that is handed over, and a list of voters that changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/between.h"
#include "tests/support/elector.h"

#define LEASE ELECTOR_LEASE

/* Bully: a higher member takes over, when a majority and the leader agree. */
static void the_highest_takes_over(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 2, 1);
	/* It follows for a while first; kept alive meanwhile. */
	for (int i = 0; i < 7; i++) {
		elector_pass(&x, LEASE / 4);
		assert_int_equal(x.out.n, 0);
		elector_told(&x, ELECTION_HEARTBEAT, 2, 1);
	}
	elector_until(&x, ELECTION_PROBE);
	assert_true(elector_sent(&x, ELECTION_PROBE)->takeover);
	elector_told(&x, ELECTION_HEARTBEAT, 2, 1);
	assert_int_equal(x.e.role, ELECTION_CLAIMING); /* it follows and probes at a time */
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	const struct election_message *claim = elector_sent(&x, ELECTION_CLAIM);
	assert_non_null(claim);
	assert_int_equal(claim->to, 2);
	assert_int_equal(x.e.state.term, 1); /* nothing yet without consent */
	elector_agree(&x, ELECTION_PROBE_ANSWER, 2);
	assert_int_equal(x.out.n, 0); /* once is enough */

	struct election_message resign = elector_message(&x, ELECTION_RESIGN, 2, 1);
	resign.successor = 3;
	resign.released = 1;
	assert_int_equal(elector_hear(&x, &resign), ELECTION_YES);
	assert_non_null(elector_sent(&x, ELECTION_VOTE)); /* no need to probe */
	assert_int_equal(elector_sent(&x, ELECTION_VOTE)->released, 1);
	assert_int_equal(x.e.state.term, 2);
}

static void a_lower_one_does_not(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 2, 3);
	for (int i = 0; i < 50; i++) {
		elector_told(&x, ELECTION_HEARTBEAT, 3, 1);
		elector_pass(&x, LEASE / 4);
		assert_int_equal(x.out.n, 0);
	}
}

static void a_leader_gives_way_to_a_higher_one(void **state)
{
	struct elector x;
	struct election_message claim;

	(void)state;
	elector_start(&x, 2, 3);
	elector_elect(&x);
	assert_int_equal(elector_told(&x, ELECTION_CLAIM, 1, 1), ELECTION_YES);
	assert_int_equal(elector_told(&x, ELECTION_CLAIM, 9, 1), ELECTION_YES);
	claim = elector_message(&x, ELECTION_CLAIM, 3, 0);
	claim.stamp.term = 0;
	assert_int_equal(elector_hear(&x, &claim), ELECTION_OLD_TERM);
	claim.term = 1; /* but with that it could not be elected */
	elector_hear(&x, &claim);
	assert_true(election_may_act(&x.e, x.now));

	elector_told(&x, ELECTION_CLAIM, 3, 1);
	const struct election_message *resign = elector_sent(&x, ELECTION_RESIGN);
	assert_non_null(resign);
	assert_int_equal(resign->to, MEMBER_NONE);
	assert_int_equal(resign->successor, 3);
	assert_int_equal(resign->released, 1);
	assert_false(election_may_act(&x.e, x.now));
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 2), ELECTION_YES);
}

/* SIGTERM: to the highest that has answered of late. */
static void steps_down_to_the_highest_there(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 5, 5);
	elector_elect(&x); /* 1 and 2 have answered */
	elector_until(&x, ELECTION_HEARTBEAT);
	elector_agree(&x, ELECTION_HEARTBEAT_ANSWER, 1);
	elector_agree(&x, ELECTION_HEARTBEAT_ANSWER, 3);
	election_step_down(&x.e, INT64_MAX, x.now, &x.out);
	assert_int_equal(elector_sent(&x, ELECTION_RESIGN)->successor, 4);
	assert_false(election_may_act(&x.e, x.now));
	for (int i = 0; i < 20; i++) {
		elector_pass(&x, LEASE);
		assert_int_equal(x.out.n, 0); /* it does not stand again */
	}
	assert_int_equal(elector_told(&x, ELECTION_VOTE, 3, 2), ELECTION_YES); /* but votes */
}

static void passive_for_a_time(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	election_step_down(&x.e, 3 * LEASE, x.now, &x.out);
	assert_int_equal(x.out.n, 0);
	assert_between(3 * LEASE, elector_until(&x, ELECTION_PROBE), 5 * LEASE);
	elector_start(&x, 3, 3);
	elector_until(&x, ELECTION_PROBE);
	election_step_down(&x.e, 3 * LEASE, x.now, &x.out);
	elector_agree(&x, ELECTION_PROBE_ANSWER, 1);
	assert_int_equal(x.out.n, 0);
}

static void who_is_not_named_waits(void **state)
{
	struct elector x;
	struct election_message resign;

	(void)state;
	elector_start(&x, 3, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 2, 1);
	resign = elector_message(&x, ELECTION_RESIGN, 2, 1);
	resign.successor = 1;
	resign.released = 1;
	resign.from = 1;
	assert_int_equal(elector_hear(&x, &resign), ELECTION_SECOND_LEADER);
	resign.from = 2;
	assert_int_equal(elector_hear(&x, &resign), ELECTION_YES);
	assert_int_equal(x.out.n, 0);
	assert_int_equal(election_leader(&x.e, x.now), MEMBER_NONE);
	assert_between(LEASE / 8, elector_until(&x, ELECTION_PROBE), LEASE / 4);
	resign.term = 0;
	resign.released = 0;
	assert_int_equal(elector_hear(&x, &resign), ELECTION_OLD_TERM);
}

/* --- the list of voters --- */

/* Answers to the latest heartbeat with the list of voters as it is. */
static void installed_at(struct elector *x, member_id from)
{
	elector_agree(x, ELECTION_HEARTBEAT_ANSWER, from);
}

static void one_change_at_a_time(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 3, 3);
	assert_int_equal(election_add(&x.e, 4, x.now, &x.out), -EPERM);
	elector_elect(&x);
	installed_at(&x, 1);
	assert_int_equal(election_add(&x.e, 3, x.now, &x.out), -EEXIST);
	assert_int_equal(election_add(&x.e, MEMBER_NONE, x.now, &x.out), -EINVAL);
	assert_int_equal(election_remove(&x.e, 3, x.now, &x.out), -EINVAL); /* itself */
	assert_int_equal(election_remove(&x.e, 7, x.now, &x.out), -ENOENT);
	assert_int_equal(x.out.n, 0);

	assert_int_equal(election_add(&x.e, 4, x.now, &x.out), 0);
	assert_true(x.out.save);
	assert_non_null(elector_sent(&x, ELECTION_HEARTBEAT));
	elector_save(&x);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), -EAGAIN);
	installed_at(&x, 1);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), -EAGAIN); /* 2 of 4 */
	installed_at(&x, 4);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), 0);
	assert_int_equal(election_to_save(&x.e)->voters.n, 3);
	assert_int_equal(election_to_save(&x.e)->voters.stamp.version, 2);
}

/* Who answers with an older one is sent it. */
static void voters_is_handed_on(void **state)
{
	struct elector x, joins;
	struct election_message m;

	(void)state;
	elector_start(&x, 3, 3);
	elector_elect(&x);
	installed_at(&x, 1);
	assert_int_equal(election_add(&x.e, 4, x.now, &x.out), 0);
	elector_save(&x);
	elector_start(&joins, 4, 0);
	m = *elector_sent(&x, ELECTION_HEARTBEAT);
	m.to = 4;
	m.lease = LEASE;
	assert_int_equal(elector_hear(&joins, &m), ELECTION_YES);
	m = *elector_sent(&joins, ELECTION_HEARTBEAT_ANSWER);
	elector_hear(&x, &m);
	m = *elector_sent(&x, ELECTION_VOTERS);
	assert_int_equal(m.to, 4);
	assert_int_equal(elector_hear(&joins, &m), ELECTION_YES);
	assert_true(joins.out.save);
	assert_int_equal(election_to_save(&joins.e)->voters.n, 4);
	m = *elector_sent(&joins, ELECTION_HEARTBEAT_ANSWER);
	elector_hear(&x, &m);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), -EAGAIN); /* 2 of 4 */
	installed_at(&x, 2);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), 0);
}

/* Answers are counted by the new list of voters only, from the next heartbeat on. */
static void answers_count_anew(void **state)
{
	struct elector x;

	(void)state;
	elector_start(&x, 5, 5);
	elector_elect(&x);
	installed_at(&x, 1);
	installed_at(&x, 2);
	elector_until(&x, ELECTION_HEARTBEAT);
	struct election_message old = elector_message(&x, ELECTION_HEARTBEAT_ANSWER, 3, 1);
	installed_at(&x, 1);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), 0);
	elector_save(&x);
	elector_hear(&x, &old);
	installed_at(&x, 3);
	x.now = mono_add(x.now, LEASE - LEASE / 8); /* 2 of 4 have answered: too few to go on */
	assert_false(election_may_act(&x.e, x.now));
}

static void as_many_as_there_can_be(void **state)
{
	static struct elector x;

	(void)state;
	elector_start(&x, MEMBERS_MAX, MEMBERS_MAX);
	elector_elect(&x);
	assert_int_equal(x.e.yes.n, MEMBERS_MAX / 2 + 1);
	for (member_id id = 1; id <= MEMBERS_MAX / 2; id++) {
		installed_at(&x, id);
	}
	assert_int_equal(election_add(&x.e, MEMBERS_MAX + 1, x.now, &x.out), -E2BIG);
	assert_int_equal(election_remove(&x.e, 1, x.now, &x.out), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_highest_takes_over),
		cmocka_unit_test(a_lower_one_does_not),
		cmocka_unit_test(a_leader_gives_way_to_a_higher_one),
		cmocka_unit_test(steps_down_to_the_highest_there),
		cmocka_unit_test(passive_for_a_time),
		cmocka_unit_test(who_is_not_named_waits),
		cmocka_unit_test(one_change_at_a_time),
		cmocka_unit_test(voters_is_handed_on),
		cmocka_unit_test(answers_count_anew),
		cmocka_unit_test(as_many_as_there_can_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
