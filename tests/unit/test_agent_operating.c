/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What a group's operator is told: members with other settings, and a majority that is missing; and
 * how the rest goes on without it.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

#define MINUTE (60 * NS_PER_SEC)

/* The next question whether another has the same settings, within a minute; who leads goes on. */
static struct agent_send asked(struct world *w)
{
	const member_id leader = election_leader(&w->agent.election, w->now);
	const struct mono start = w->now;

	do {
		assert_true(mono_since(w->now, start) <= MINUTE);
		if (leader == w->agent.self) {
			world_keep(w);
		} else if (leader != MEMBER_NONE) {
			world_follow(w, 3, 1);
		}
		world_pass(w, WORLD_LEASE / 8);
	} while (world_sends(w, GROUP_STATUS) == 0);
	assert_int_equal(world_sent(w, GROUP_STATUS, MEMBER_NONE)->tag.part, AGENT_PART_LIKENESS);
	return *world_sent(w, GROUP_STATUS, MEMBER_NONE);
}

static struct group_status settings(const struct world *w)
{
	return (struct group_status){
		.lease = w->settings.lease,
		.cycle = w->settings.cycle,
		.tolerance = w->settings.tolerance,
		.max_correction = w->settings.max_correction,
	};
}

static uint32_t unlike(struct world *w, size_t place)
{
	const struct group_status *s = world_status(w, 0, 3);

	assert_int_equal(s->n, 3);
	return s->members[place].unlike;
}

static size_t differences(const struct world *w)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n; i++) {
		n += w->log[i].kind == AGENT_NOTE && w->log[i].note.kind == AGENT_NOTE_UNLIKE;
	}
	return n;
}

static void other_settings_of_the_leader_are_said(void **state)
{
	struct world *w = *state;
	struct group_status other;
	struct agent_send question;
	const struct agent_note *note;

	world_begin(w, 1, 3);
	world_follow(w, 3, 1);
	question = asked(w);
	assert_true(question.tag.to == world_id(3));
	other = settings(w);
	world_tells(w, &question, &other);
	assert_null(world_note(w, AGENT_NOTE_UNLIKE));
	assert_int_equal(unlike(w, 2), 0);
	other.cycle++;
	world_tells(w, &question, &other);
	note = world_note(w, AGENT_NOTE_UNLIKE);
	assert_non_null(note);
	assert_true(note->number == GROUP_SETTING_CYCLE && note->duration == other.cycle);
	assert_true((dur_ns)note->other == w->settings.cycle);
	assert_true(member_id_of(&note->at) == world_id(3));
	assert_int_equal(unlike(w, 2), 1U << GROUP_SETTING_CYCLE);
	assert_int_equal(unlike(w, 1), 0);
	world_tells(w, &question, &other);
	assert_null(world_note(w, AGENT_NOTE_UNLIKE)); /* once a minute */
	w->now = mono_add(w->now, MINUTE);
	other.lease--;
	other.tolerance = 0;
	other.max_correction++;
	world_tells(w, &question, &other);
	assert_int_equal(differences(w), 4);
	assert_int_equal(unlike(w, 2), 15);
	other = settings(w);
	world_tells(w, &question, &other);
	assert_int_equal(unlike(w, 2), 0);
}

static void the_leader_asks_all_of_them(void **state)
{
	struct world *w = *state;
	member_id first, second;

	world_begin(w, 2, 3);
	world_elect(w);
	first = asked(w).tag.to;
	second = asked(w).tag.to;
	assert_true((first == world_id(1) && second == world_id(3)) ||
		    (first == world_id(3) && second == world_id(1)));
}

static void one_alone_asks_nobody(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 1);
	world_elect(w);
	for (int i = 0; i < 100; i++) {
		world_pass(w, NS_PER_SEC);
		assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	}
}

/* Without a leader until that note has come. The time that it took. */
static dur_ns until_no_quorum(struct world *w)
{
	const struct mono start = w->now;

	do {
		world_pass(w, WORLD_LEASE / 8);
		assert_true(mono_since(w->now, start) < 3 * MINUTE);
	} while (!world_note(w, AGENT_NOTE_NO_QUORUM));
	return mono_since(w->now, start);
}

static void a_missing_majority_is_said(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;
	dur_ns took;

	world_begin(w, 2, 3);
	took = until_no_quorum(w);
	assert_true(took >= 4 * WORLD_LEASE && took <= 6 * WORLD_LEASE);
	note = world_note(w, AGENT_NOTE_NO_QUORUM);
	assert_true(note->number == 1 && note->other == 3 && note->duration >= 4 * WORLD_LEASE);
	took = until_no_quorum(w);
	assert_true(took >= MINUTE - WORLD_LEASE && took <= MINUTE + WORLD_LEASE);
}

/* What that member says to a probe: whom it follows, or, for 0, that it refuses for another reason.
 */
static void refuses(struct world *w, unsigned from, unsigned leader)
{
	struct group_election refusal = {
		.message =
			world_message(w, ELECTION_PROBE_ANSWER, from, w->agent.election.state.term),
	};
	const struct agent_answer answer = {
		.tag = { .part = AGENT_PART_ELECTION, .to = world_id(from) },
		.proc = GROUP_ELECTION,
		.answered = true,
		.head = world_head(w, world_id(from)),
		.election = &refusal,
	};

	refusal.message.verdict = leader ? ELECTION_LEADER_LIVES : ELECTION_OLD_VOTERS;
	refusal.message.successor = leader ? world_id(leader) : world_id(3);
	world_answered(w, &answer);
}

static void the_leader_whom_others_follow_is_named(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	world_begin(w, 2, 3);
	for (unsigned leader = 4; leader-- > 0;) { /* 0: nobody; it does not name itself */
		for (note = NULL; !note; note = world_note(w, AGENT_NOTE_NO_QUORUM)) {
			if (w->agent.election.role == ELECTION_PROBING) {
				refuses(w, 1, leader);
			}
			world_pass(w, WORLD_LEASE / 8);
		}
		assert_int_equal(note->number, 2);
		assert_int_equal(member_id_of(&note->at),
				 leader == 1 || leader == 3 ? world_id(leader) : MEMBER_NONE);
	}
}

/* A member answers, but not so that anybody could be elected. */
static void is_heard(struct world *w, unsigned member)
{
	struct group_status s = settings(w);
	struct agent_send to = asked(w);

	while (to.tag.to != world_id(member)) {
		to = asked(w);
	}
	world_tells(w, &to, &s);
}

static void with_a_leader_there_is_nothing_to_recover(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 3);
	world_follow(w, 3, 1);
	assert_int_equal(world_change(w, GROUP_RECOVER, 1), GROUP_IMPOSSIBLE);
	assert_int_equal(w->agent.election.state.voters.n, 3);
}

static void with_a_majority_neither(void **state)
{
	struct world *w = *state;

	world_begin(w, 2, 3);
	(void)until_no_quorum(w);
	is_heard(w, 1);
	assert_int_equal(world_change(w, GROUP_RECOVER, 2), GROUP_IMPOSSIBLE);
	assert_int_equal(w->agent.election.state.voters.n, 3);
}

static void those_that_are_left_go_on(void **state)
{
	struct world *w = *state;
	const struct election_state *is = &w->agent.election.state;
	struct voters_stamp old;
	uint64_t term;

	world_begin(w, 2, 5);
	(void)until_no_quorum(w);
	is_heard(w, 4);
	old = is->voters.stamp;
	term = is->term;
	assert_int_equal(world_change(w, GROUP_RECOVER, 2), GROUP_DONE);
	assert_int_equal(is->voters.n, 2);
	assert_true(voters_find(&is->voters, world_id(2)) >= 0);
	assert_true(voters_find(&is->voters, world_id(4)) >= 0);
	assert_int_equal(voters_compare(is->voters.stamp, old), VOTERS_NEWER);
	assert_true(is->term > term + 1000);
	assert_int_equal(world_change(w, GROUP_RECOVER, 2), GROUP_IMPOSSIBLE); /* both are there */
	for (int i = 0; i < 100 && !election_may_act(&w->agent.election, w->now); i++) {
		world_pass(w, WORLD_LEASE / 16);
		world_agree(w, 4);
	}
	assert_true(election_may_act(&w->agent.election, w->now));
}

static void one_that_is_left_leads_itself(void **state)
{
	struct world *w = *state;

	world_begin(w, 2, 3);
	(void)until_no_quorum(w);
	assert_int_equal(world_change(w, GROUP_RECOVER, 2), GROUP_DONE);
	for (int i = 0; i < 40 && !election_may_act(&w->agent.election, w->now); i++) {
		world_pass(w, WORLD_LEASE / 4);
	}
	assert_true(election_may_act(&w->agent.election, w->now));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
		TEST(other_settings_of_the_leader_are_said),
		TEST(the_leader_asks_all_of_them),
		TEST(one_alone_asks_nobody),
		TEST(a_missing_majority_is_said),
		TEST(the_leader_whom_others_follow_is_named),
		TEST(with_a_leader_there_is_nothing_to_recover),
		TEST(with_a_majority_neither),
		TEST(those_that_are_left_go_on),
		TEST(one_that_is_left_leads_itself),
	};

	return cmocka_run_group_tests_name("operating a group", tests, NULL, NULL);
}
