/* SPDX-License-Identifier: BSD-3-Clause */
/* How an agent begins, and what it logs of the election. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

static int begin_with(struct world *w, const struct member_address *named, size_t n,
		      const struct election_state *saved)
{
	const struct agent_setup setup = {
		.settings = w->settings,
		.members = w->members,
		.members_max = MEMBERS_MAX,
		.named = named,
		.n_named = n,
		.saved = saved,
	};

	return agent_init(&w->agent, &setup, w->now);
}

static void refuses_bad_lists(void **state)
{
	struct world *w = *state;
	struct member_address named[MEMBERS_MAX + 1];

	w->settings.self = world_at(1);
	for (unsigned i = 0; i <= MEMBERS_MAX; i++) {
		named[i] = world_at(i + 1);
	}
	assert_int_equal(begin_with(w, named, MEMBERS_MAX, NULL), 0);
	assert_int_equal(begin_with(w, named, MEMBERS_MAX + 1, NULL), -E2BIG);
	named[1] = named[0];
	assert_int_equal(begin_with(w, named, 2, NULL), -EINVAL);
	named[1] = (struct member_address){ .port = 0 };
	assert_int_equal(begin_with(w, named, 2, NULL), -EINVAL);
	w->settings.self.port = 0;
	assert_int_equal(begin_with(w, NULL, 0, NULL), -EINVAL);
	w->settings.self = world_at(1);
	w->settings.lease = ELECTION_MIN_LEASE - 1;
	assert_int_equal(begin_with(w, named, 1, NULL), -EINVAL);
}

/* Whatever it says depends on what it has saved, also the first time. */
static void saves_before_it_speaks(void **state)
{
	struct world *w = *state;
	const struct member_address named[] = { world_at(1), world_at(2), world_at(3) };
	struct election_message heartbeat;

	w->settings.self = named[1];
	world_init(w, named, 3, NULL);
	assert_true(w->agent.self == world_id(2));
	assert_int_equal(w->agent.election.state.voters.n, 3);
	assert_true(w->agent.election.state.voters.stamp.term == 0);
	assert_true(w->agent.election.state.voters.stamp.version == 0);
	assert_true(w->agent.election.unsaved);
	for (unsigned i = 1; i <= 3; i++) {
		assert_non_null(group_members_known(&w->agent.members, world_id(i)));
	}
	assert_int_equal(w->agent.members.n, 3);
	heartbeat = world_message(w, ELECTION_HEARTBEAT, 3, 1);
	assert_non_null(world_election(w, &heartbeat));
	assert_int_equal(w->log[0].kind, AGENT_SAVE);
	assert_int_equal(w->saves, 1);
	assert_false(w->agent.election.unsaved);
}

/* One that has nothing saved may have made promises: that is known of it. */
static void knows_whether_something_was_saved(void **state)
{
	struct world *w = *state;
	const struct election_state empty = { .term = 0 };

	world_begin(w, 2, 3);
	assert_true(w->agent.election.setup.forgot);
	world_restart(w, &w->agent.election.state);
	assert_false(w->agent.election.setup.forgot);
	assert_int_equal(w->agent.election.state.voters.n, 3);
	world_restart(w, &empty); /* the saved state counts, not the names */
	assert_int_equal(w->agent.election.state.voters.n, 0);
	assert_null(world_note(w, AGENT_NOTE_NO_MEMBER)); /* it was none before */
}

static void goes_on_with_what_was_saved(void **state)
{
	struct world *w = *state;
	uint64_t serial;

	world_begin(w, 2, 3);
	world_follow(w, 3, 5);
	serial = w->agent.election.serial;
	world_restart(w, &w->agent.election.state);
	assert_true(w->agent.election.state.term == 5);
	/* So that answers to questions from before are not taken for new ones. */
	assert_true(w->agent.election.serial != serial);
	/* The first of the list asks first, once it has rested. */
	w->now = election_next(&w->agent.election);
	world_wake(w);
	assert_non_null(world_says(w, ELECTION_PROBE));
	assert_true(w->question.term == 5);
	assert_true(world_says(w, ELECTION_PROBE)->timeout == WORLD_LEASE / 2);
}

/* --- the log about leaders --- */

static void logs_each_leader_once(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	note = world_note(w, AGENT_NOTE_FOLLOWING);
	assert_non_null(note);
	assert_true(note->number == 5 && member_id_of(&note->at) == world_id(3));
	world_follow(w, 3, 5);
	assert_int_equal(world_count(w, AGENT_NOTE), 0);
	world_follow(w, 2, 6);
	note = world_note(w, AGENT_NOTE_FOLLOWING);
	assert_non_null(note);
	assert_true(note->number == 6 && member_id_of(&note->at) == world_id(2));
	world_pass(w, WORLD_LEASE - 1);
	assert_int_equal(world_count(w, AGENT_NOTE), 0);
	world_pass(w, 1);
	note = world_note(w, AGENT_NOTE_NO_LEADER);
	assert_non_null(note);
	assert_true(note->number == 6);
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_NOTE), 0);
}

static void logs_that_it_leads(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	world_begin(w, 3, 3);
	world_elect(w);
	note = world_note(w, AGENT_NOTE_LEADING);
	assert_non_null(note);
	assert_true(note->number == 1 && member_id_of(&note->at) == world_id(3));
	assert_null(world_note(w, AGENT_NOTE_FOLLOWING));
	world_pass(w, WORLD_LEASE); /* nobody has answered */
	assert_non_null(world_note(w, AGENT_NOTE_NO_LEADER));
}

/* --- the log about membership --- */

static void give_voters(struct world *w, uint64_t version, const member_id *ids, size_t n)
{
	struct election_message m = world_message(w, ELECTION_VOTERS, 9, 1);
	struct voters *all = malloc(sizeof(*all));

	assert_non_null(all);
	assert_int_equal(voters_make(all, 1, version, ids, n), 0);
	m.serial = 0;
	m.stamp = all->stamp;
	m.voters = all;
	assert_non_null(world_election(w, &m));
	free(all);
}

static void logs_whether_it_is_a_member(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(9), world_id(1), world_id(5) };
	const struct agent_note *note;

	w->settings.discover = true;
	world_begin(w, 1, 0);
	assert_null(world_note(w, AGENT_NOTE_NO_MEMBER)); /* taken for granted */
	give_voters(w, 1, ids, 2);
	note = world_note(w, AGENT_NOTE_MEMBER);
	assert_non_null(note);
	assert_true(note->number == 2 && member_id_of(&note->at) == world_id(1));
	assert_non_null(world_note(w, AGENT_NOTE_FOLLOWING));
	give_voters(w, 2, ids, 3);
	assert_int_equal(world_count(w, AGENT_NOTE), 0); /* no news */
	give_voters(w, 3, ids, 1);
	note = world_note(w, AGENT_NOTE_NO_MEMBER);
	assert_non_null(note);
	assert_true(note->number == 1 && member_id_of(&note->at) == world_id(1));
	world_pass(w, WORLD_LEASE);
	assert_int_equal(world_count(w, AGENT_NOTE), 0); /* of course it has no leader */
	world_restart(w, &w->agent.election.state);
	world_wake(w);
	assert_true(w->agent.election.state.voters.n == 1);
}

/* A list that was saved, or the user's, has this member on it as far as anybody knows. */
static void logs_that_it_was_removed_while_away(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(9), world_id(5) };
	struct election_state *saved = calloc(1, sizeof(*saved));

	assert_non_null(saved);
	saved->term = 1;
	w->settings.self = world_at(1);
	for (size_t n = 1; n <= 2; n++) {
		assert_int_equal(voters_make(&saved->voters, 1, 1, ids, n), 0);
		world_init(w, &w->settings.self, 1, saved);
		world_event(w, &(struct agent_event){ .kind = AGENT_SAVED });
		assert_non_null(world_note(w, AGENT_NOTE_NO_MEMBER));
	}
	free(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(refuses_bad_lists, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(saves_before_it_speaks, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(knows_whether_something_was_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_with_what_was_saved, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_each_leader_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(logs_that_it_leads, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(logs_whether_it_is_a_member, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_that_it_was_removed_while_away, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
