/* SPDX-License-Identifier: BSD-3-Clause */
/* What an agent says only once it is saved, and what becomes of it when that fails. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

/* Member 1 of 3, that has rested. */
static void begin(struct world *w)
{
	world_begin(w, 1, 3);
	w->now = mono_add(w->now, WORLD_LEASE);
}

static const struct agent_reply *ask_vote(struct world *w, unsigned from, uint64_t term)
{
	const struct election_message vote = world_message(w, ELECTION_VOTE, from, term);

	return world_election(w, &vote);
}

/* What makes it save something, in the term of the leader that it follows. */
static const struct agent_reply *confirm_voters(struct world *w, unsigned leader, uint64_t term)
{
	struct election_message heartbeat = world_message(w, ELECTION_HEARTBEAT, leader, term);

	heartbeat.stamp.term = term;
	return world_election(w, &heartbeat);
}

static void votes_once_that_is_saved(void **state)
{
	struct world *w = *state;
	const struct agent_reply *r;

	begin(w);
	r = ask_vote(w, 3, 4);
	assert_non_null(r);
	assert_int_equal(w->saves, 1);
	assert_int_equal(w->n, 2);
	assert_int_equal(w->log[0].kind, AGENT_SAVE);
	assert_int_equal(w->log[1].kind, AGENT_REPLY);
	assert_true(r->election.has_answer);
	assert_int_equal(r->election.message.kind, ELECTION_VOTE_ANSWER);
	assert_int_equal(r->election.message.verdict, ELECTION_YES);
	/* The same question again has nothing new to save. */
	assert_non_null(ask_vote(w, 3, 4));
	assert_int_equal(w->saves, 1);
}

static void does_not_vote_unless_saved(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	begin(w);
	w->save_error = -ENOSPC;
	assert_null(ask_vote(w, 3, 4));
	note = world_note(w, AGENT_NOTE_UNSAVED);
	assert_non_null(note);
	assert_int_equal(note->error, -ENOSPC);
	assert_null(ask_vote(w, 3, 4));
	assert_null(world_note(w, AGENT_NOTE_UNSAVED)); /* said once */
	assert_int_equal(w->saves, 2);
	w->save_error = 0;
	assert_non_null(ask_vote(w, 3, 4));
	assert_int_equal(world_count(w, AGENT_REPLY), 1); /* to this one, not to those before */
	assert_non_null(world_note(w, AGENT_NOTE_SAVED_AGAIN));
	assert_null(world_note(w, AGENT_NOTE_UNSAVED));
	(void)ask_vote(w, 2, 5);
	assert_null(world_note(w, AGENT_NOTE_SAVED_AGAIN));
	w->save_error = -EROFS;
	w->now = mono_add(w->now, WORLD_LEASE);
	assert_null(ask_vote(w, 3, 6));
	note = world_note(w, AGENT_NOTE_UNSAVED);
	assert_non_null(note); /* again, as it was well in between */
	assert_int_equal(note->error, -EROFS);
}

/* Until it is asked for a vote, it asks for its own. */
static void does_not_stand_unless_saved(void **state)
{
	struct world *w = *state;

	world_begin(w, 3, 3);
	w->now = election_next(&w->agent.election);
	world_wake(w);
	assert_non_null(world_says(w, ELECTION_PROBE));
	w->save_error = -EIO;
	world_agree(w, 1);
	assert_int_equal(w->agent.election.role, ELECTION_CANDIDATE);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
	assert_non_null(world_note(w, AGENT_NOTE_UNSAVED));
	w->save_error = 0;
	w->now = election_next(&w->agent.election);
	world_wake(w);
	assert_non_null(world_says(w, ELECTION_VOTE));
	assert_non_null(world_note(w, AGENT_NOTE_SAVED_AGAIN));
}

static void follows_once_that_is_saved(void **state)
{
	struct world *w = *state;

	begin(w);
	w->save_error = -EIO;
	assert_null(confirm_voters(w, 3, 4));
	assert_null(world_note(w, AGENT_NOTE_FOLLOWING));
	w->save_error = 0;
	assert_non_null(confirm_voters(w, 3, 4));
	assert_non_null(world_note(w, AGENT_NOTE_FOLLOWING));
}

static void answers_polls_once_that_is_saved(void **state)
{
	struct world *w = *state;

	begin(w);
	w->save_error = -EIO;
	assert_null(world_poll(w, 3, 4, 1)); /* of a term that is new to it */
	assert_int_equal(w->saves, 1);
	w->save_error = 0;
	assert_non_null(world_poll(w, 3, 4, 2));
	assert_int_equal(w->saves, 2);
	assert_int_equal(w->log[0].kind, AGENT_SAVE);
	assert_non_null(world_poll(w, 3, 4, 3));
	assert_int_equal(w->saves, 2);
}

static void refuses_corrections_while_unsaved(void **state)
{
	struct world *w = *state;
	const struct agent_reply *r;
	struct ticket_nonce nonce;

	begin(w);
	world_follow(w, 3, 4);
	nonce = world_poll(w, 3, 4, 1)->poll.nonce;
	w->save_error = -EIO;
	assert_null(confirm_voters(w, 3, 4));
	r = world_adjust(w, 3, nonce, NS_PER_MS);
	assert_non_null(r);
	assert_int_equal(r->outcome, GROUP_REFUSED);
	assert_int_equal(w->corrections, 0);
	w->save_error = 0;
	assert_non_null(confirm_voters(w, 3, 4));
	/* And tickets of before are void. */
	r = world_adjust(w, 3, nonce, NS_PER_MS);
	assert_int_equal(r->outcome, GROUP_REFUSED);
	assert_int_equal(w->corrections, 0);
	assert_true(w->agent.counts.count[GROUP_COUNT_REPLAYED] == 1);
	nonce = world_poll(w, 3, 4, 2)->poll.nonce;
	assert_int_equal(world_adjust(w, 3, nonce, NS_PER_MS)->outcome, GROUP_SLEWED);
}

/* A save without an error takes no ticket away. */
static void keeps_tickets_while_it_saves(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	world_follow(w, 3, 4);
	nonce = world_poll(w, 3, 4, 1)->poll.nonce;
	w->saves = 0;
	assert_non_null(confirm_voters(w, 3, 4));
	assert_int_equal(w->saves, 1);
	assert_int_equal(world_adjust(w, 3, nonce, NS_PER_MS)->outcome, GROUP_SLEWED);
}

/* It has seen what it has seen: that it refused something is logged all the same. */
static void logs_what_it_held_back(void **state)
{
	struct world *w = *state;

	begin(w);
	world_follow(w, 3, 4);
	w->save_error = -EIO;
	assert_null(confirm_voters(w, 3, 4));
	assert_null(world_poll(w, 2, 3, 1)); /* its refusal is held back, and dropped */
	assert_non_null(world_note(w, AGENT_NOTE_REFUSED));
	assert_true(w->agent.counts.count[GROUP_COUNT_OLD_TERM] == 1);
}

/* --- changes --- */

static void says_that_a_change_is_not_saved(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	world_begin(w, 3, 3);
	world_elect(w);
	w->save_error = -ENOSPC;
	assert_int_equal(world_change(w, GROUP_LEAVE, 2), GROUP_NOT_SAVED);
	note = world_note(w, AGENT_NOTE_CHANGE);
	assert_non_null(note);
	assert_true(note->number == GROUP_LEAVE && note->other == GROUP_NOT_SAVED);
	assert_int_equal(world_sends(w, GROUP_ELECTION), 0); /* no member is told */
	/* It must not act on it: neither lead, nor change anything else. */
	assert_false(election_may_act(&w->agent.election, w->now));
	assert_int_equal(world_change(w, GROUP_LEAVE, 1), GROUP_NOT_LEADER);
	assert_int_equal(world_change(w, GROUP_STEP_DOWN, 1), GROUP_NOT_LEADER);
	assert_int_equal(world_change(w, GROUP_JOIN, 4), GROUP_NOT_LEADER);
}

static void says_that_a_newcomer_is_not_saved(void **state)
{
	struct world *w = *state;
	struct group_status there = { .lease = WORLD_LEASE };

	world_begin(w, 1, 1);
	world_elect(w);
	assert_int_equal(world_change(w, GROUP_JOIN, 2), GROUP_TRY_AGAIN);
	world_tells(w, world_sent(w, GROUP_STATUS, world_id(2)), &there);
	w->save_error = -ENOSPC;
	assert_int_equal(world_change(w, GROUP_JOIN, 2), GROUP_NOT_SAVED);
	assert_true(world_note(w, AGENT_NOTE_CHANGE)->other == GROUP_NOT_SAVED);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
}

/* A leader that cannot save polls and corrects nobody, its own clock neither. */
static void does_nothing_else_while_unsaved(void **state)
{
	struct world *w = *state;

	world_begin(w, 3, 3);
	world_elect(w);
	w->save_error = -ENOSPC;
	assert_int_equal(world_change(w, GROUP_LEAVE, 2), GROUP_NOT_SAVED);
	for (int i = 0; i < 40; i++) {
		world_pass(w, WORLD_CYCLE / 20);
		assert_int_equal(world_sends(w, GROUP_POLL), 0);
		assert_int_equal(world_count(w, AGENT_REPLY), 0);
		assert_int_equal(world_sends(w, GROUP_ELECTION), 0);
	}
	assert_int_equal(w->corrections, 0);
	w->save_error = 0;
	world_elect(w);
	world_cycle(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 1); /* only member 1 is left */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(votes_once_that_is_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_vote_unless_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_stand_unless_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(follows_once_that_is_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(answers_polls_once_that_is_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_corrections_while_unsaved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(keeps_tickets_while_it_saves, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_what_it_held_back, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_that_a_change_is_not_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_that_a_newcomer_is_not_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_nothing_else_while_unsaved, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
