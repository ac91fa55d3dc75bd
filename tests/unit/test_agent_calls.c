/* SPDX-License-Identifier: BSD-3-Clause */
/* An agent's handling of calls, and of answers to its own: their origin, and refusals. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

/* --- whose a call is --- */

/* A call with that head, of any procedure. */
static const struct agent_reply *ask(struct world *w, enum group_procedure proc,
				     const struct group_head *head)
{
	const struct group_poll_call poll = { .head = *head, .serial = 1 };
	const struct group_adjust adjust = { .head = *head };
	const struct group_change change = { .head = *head, .address = world_at(9) };
	const struct group_status_args status = { .head = *head };
	struct group_election election = {
		.message = world_message(w, ELECTION_HEARTBEAT, 3, head->term),
	};
	struct agent_call call = { .proc = proc, .head = *head };

	election.message.from = head->from;
	election.message.to = head->to;
	switch (proc) {
	case GROUP_POLL:
		call.poll = &poll;
		break;
	case GROUP_ADJUST:
		call.adjust = &adjust;
		break;
	case GROUP_ELECTION:
		call.election = &election;
		break;
	case GROUP_STATUS:
		call.status = &status;
		break;
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		call.change = &change;
		break;
	}
	return world_call(w, &call);
}

/* Whether it is refused as another's; a refusal changes nothing. */
static bool is_misdirected(struct world *w, enum group_procedure proc,
			   const struct group_head *head)
{
	const uint64_t before = w->agent.counts.count[GROUP_COUNT_MISDIRECTED];
	const uint64_t term = w->agent.election.state.term;
	const struct agent_reply *r = ask(w, proc, head);
	bool refused;

	assert_non_null(r);
	refused = r->misdirected;
	assert_int_equal(r->proc, proc);
	assert_true(r->head.from == w->agent.self && r->head.to == head->from);
	assert_string_equal(r->head.group, WORLD_GROUP);
	assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == before + refused);
	if (refused) {
		assert_true(w->agent.election.state.term == term);
		assert_false(w->agent.corrector.ticket.open);
	}
	w->agent.corrector.ticket.open = false;
	return refused;
}

static void takes_calls_to_itself(void **state)
{
	struct world *w = *state;
	struct group_head head;

	world_begin(w, 1, 3);
	head = world_head(w, world_id(3));
	head.term = 5;
	for (enum group_procedure p = GROUP_POLL; p <= GROUP_RECOVER; p++) {
		assert_false(is_misdirected(w, p, &head));
	}
}

static void refuses_calls_to_others(void **state)
{
	struct world *w = *state;
	struct group_head good, head;

	world_begin(w, 1, 3);
	good = world_head(w, world_id(3));
	good.term = 5;
	for (enum group_procedure p = GROUP_POLL; p <= GROUP_RECOVER; p++) {
		head = good;
		head.to = world_id(2);
		assert_true(is_misdirected(w, p, &head));
		head = good;
		strcpy(head.group, "lab2");
		assert_true(is_misdirected(w, p, &head));
		strcpy(head.group, "la");
		assert_true(is_misdirected(w, p, &head));
		head = good;
		head.from = w->agent.self; /* reflected */
		assert_true(is_misdirected(w, p, &head));
	}
}

/* Who asks for the status need not know whom it asks. */
static void tells_its_status_to_strangers(void **state)
{
	struct world *w = *state;
	struct group_head good, head;

	world_begin(w, 1, 3);
	good = world_head(w, world_id(3));
	good.term = 5;
	for (enum group_procedure p = GROUP_POLL; p <= GROUP_RECOVER; p++) {
		const bool is_status = p == GROUP_STATUS;
		const bool is_admin = is_status || p >= GROUP_JOIN;

		head = good;
		head.group[0] = '\0';
		assert_true(is_misdirected(w, p, &head) == !is_status);
		head = good;
		head.to = MEMBER_NONE;
		assert_true(is_misdirected(w, p, &head) == !is_status);
		head = good;
		head.from = MEMBER_NONE;
		assert_true(is_misdirected(w, p, &head) == !is_admin);
	}
}

/* Places are few: a member that asks gets one, others do not. */
static void learns_of_members_only(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(1), world_id(2) };
	struct election_state saved = { .term = 2 };
	struct group_head head;

	assert_int_equal(voters_make(&saved.voters, 2, 1, ids, 2), 0);
	w->settings.self = world_at(1);
	world_restart(w, &saved);
	w->agent.members.n = 1;
	head = world_head(w, world_id(7));
	assert_false(is_misdirected(w, GROUP_STATUS, &head));
	assert_null(group_members_known(&w->agent.members, world_id(7)));
	head = world_head(w, world_id(2));
	assert_false(is_misdirected(w, GROUP_STATUS, &head));
	assert_non_null(group_members_known(&w->agent.members, world_id(2)));
}

/* Where a member of a list that was saved is says its id. */
static void knows_all_that_it_asks(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(1), world_id(2), world_id(9) };
	struct election_state saved = { .term = 2 };

	assert_int_equal(voters_make(&saved.voters, 2, 1, ids, 3), 0);
	w->settings.self = world_at(2);
	world_restart(w, &saved);
	assert_null(group_members_known(&w->agent.members, world_id(1)));
	assert_null(group_members_known(&w->agent.members, world_id(9)));
	do {
		w->now = election_next(&w->agent.election);
		world_wake(w);
	} while (!world_says(w, ELECTION_PROBE));
	assert_true(world_says(w, ELECTION_PROBE)->tag.to == MEMBER_NONE);
	assert_non_null(group_members_known(&w->agent.members, world_id(1)));
	assert_non_null(group_members_known(&w->agent.members, world_id(9)));
	assert_int_equal(w->agent.members.n, 3);
}

/* --- refusals --- */

static void refuse(struct world *w, enum group_count what, unsigned from)
{
	struct agent_event e = { .kind = AGENT_REFUSED };

	e.refused.what = what;
	e.refused.from = from ? world_id(from) : MEMBER_NONE;
	e.refused.why = "it is odd";
	world_event(w, &e);
}

static void logs_refusals_once_a_minute(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	world_begin(w, 1, 3);
	refuse(w, GROUP_COUNT_BAD_MAC, 2);
	note = world_note(w, AGENT_NOTE_REFUSED);
	assert_non_null(note);
	assert_true(note->number == 1 && member_id_of(&note->at) == world_id(2));
	assert_string_equal(note->text, "it is odd");
	refuse(w, GROUP_COUNT_BAD_MAC, 3);
	assert_int_equal(w->n, 0);
	refuse(w, GROUP_COUNT_MALFORMED, 0); /* another kind */
	note = world_note(w, AGENT_NOTE_REFUSED);
	assert_non_null(note);
	assert_true(note->number == 1 && note->at.port == 0);
	w->now = mono_add(w->now, 60 * NS_PER_SEC - 1);
	refuse(w, GROUP_COUNT_BAD_MAC, 0);
	assert_int_equal(w->n, 0);
	w->now = mono_add(w->now, 1);
	refuse(w, GROUP_COUNT_BAD_MAC, 0);
	note = world_note(w, AGENT_NOTE_REFUSED);
	assert_non_null(note);
	assert_true(note->number == 4);
	refuse(w, GROUP_COUNT_BAD_MAC, 0);
	assert_int_equal(w->n, 0);
	assert_true(world_status(w, 0, 0)->counts[GROUP_COUNT_BAD_MAC] == 5);
}

/* --- polls --- */

static void answers_its_leader(void **state)
{
	struct world *w = *state;
	struct ticket_nonce first;
	const struct agent_reply *r;

	world_begin(w, 1, 3);
	r = world_poll(w, 3, 5, 1);
	assert_non_null(r);
	assert_false(r->poll.refused);
	assert_true(r->head.to == world_id(3) && r->head.term == 5);
	first = r->poll.nonce;
	assert_null(world_poll(w, 3, 5, 1)); /* repeated */
	assert_true(w->agent.counts.count[GROUP_COUNT_REPLAYED] == 1);
	assert_true(w->agent.counts.count[GROUP_COUNT_OLD_TERM] == 0);
	assert_non_null(world_note(w, AGENT_NOTE_REFUSED));
	assert_int_equal(w->n, 1);
	r = world_poll(w, 3, 5, 2);
	assert_non_null(r);
	assert_memory_not_equal(&r->poll.nonce, &first, sizeof(first));
	assert_null(world_poll(w, 3, 5, 1)); /* overtaken */
	assert_true(w->agent.counts.count[GROUP_COUNT_REPLAYED] == 2);
}

static void refuses_polls_of_others(void **state)
{
	struct world *w = *state;
	const struct agent_reply *r;

	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	r = world_poll(w, 2, 4, 1);
	assert_non_null(r);
	assert_true(r->poll.refused);
	assert_int_equal(r->poll.refusal.kind, ELECTION_HEARTBEAT_ANSWER);
	assert_int_equal(r->poll.refusal.verdict, ELECTION_OLD_TERM);
	assert_true(r->poll.refusal.term == 5 && r->poll.refusal.serial == 0);
	assert_true(r->poll.refusal.to == world_id(2));
	assert_string_equal(world_note(w, AGENT_NOTE_REFUSED)->text,
			    election_verdict_text(ELECTION_OLD_TERM));
	r = world_poll(w, 2, 5, 1);
	assert_true(r->poll.refused);
	assert_int_equal(r->poll.refusal.verdict, ELECTION_SECOND_LEADER);
	r = world_poll(w, 3, UINT64_C(1) << 62, 1);
	assert_true(r->poll.refused);
	assert_int_equal(r->poll.refusal.verdict, ELECTION_ABSURD);
	assert_true(w->agent.counts.count[GROUP_COUNT_OLD_TERM] == 3);
	assert_false(w->agent.corrector.ticket.open);
}

static void does_not_answer_without_a_clock(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 3);
	w->clock.whole = false;
	assert_null(world_poll(w, 3, 5, 1));
	assert_non_null(world_note(w, AGENT_NOTE_CLOCK_LOST));
	assert_null(world_poll(w, 3, 5, 2));
	assert_null(world_note(w, AGENT_NOTE_CLOCK_LOST));
	assert_false(w->agent.corrector.ticket.open);
	w->clock.whole = true;
	assert_non_null(world_poll(w, 3, 5, 3));
	assert_non_null(world_note(w, AGENT_NOTE_CLOCK_BACK));
	assert_non_null(world_poll(w, 3, 5, 4));
	assert_null(world_note(w, AGENT_NOTE_CLOCK_BACK));
}

static dur_ns heard(struct world *w, unsigned member)
{
	const struct group_status *s = world_status(w, member - 1, 1);

	assert_int_equal(s->n, 1);
	assert_true(s->members[0].id == world_id(member));
	return s->members[0].heard;
}

/* A repeated message may be by anybody: only news counts as heard. */
static void notes_when_a_leader_was_heard(void **state)
{
	struct world *w = *state;
	struct election_message heartbeat;

	world_begin(w, 1, 3);
	assert_true(heard(w, 3) == -1 && heard(w, 1) == 0);
	assert_non_null(world_poll(w, 3, 5, 1));
	assert_true(heard(w, 3) == 0);
	w->now = mono_add(w->now, 5);
	assert_null(world_poll(w, 3, 5, 1));
	assert_true(heard(w, 3) == 5);
	assert_non_null(world_poll(w, 2, 5, 9)); /* not from the leader */
	assert_true(heard(w, 3) == 5 && heard(w, 2) == -1);
	heartbeat = world_message(w, ELECTION_HEARTBEAT, 3, 5);
	assert_non_null(world_election(w, &heartbeat));
	assert_true(heard(w, 3) == 0);
	w->now = mono_add(w->now, 7);
	assert_non_null(world_election(w, &heartbeat));
	assert_true(heard(w, 3) == 7);
}

/* --- election messages --- */

static void answers_questions_only(void **state)
{
	struct world *w = *state;
	struct election_message m;
	const struct agent_reply *r;

	world_begin(w, 1, 3);
	m = world_message(w, ELECTION_HEARTBEAT, 3, 5);
	r = world_election(w, &m);
	assert_true(r->election.has_answer);
	assert_int_equal(r->election.message.kind, ELECTION_HEARTBEAT_ANSWER);
	assert_int_equal(r->election.message.verdict, ELECTION_YES);
	assert_true(r->election.message.to == world_id(3));
	assert_true(w->agent.counts.count[GROUP_COUNT_ELECTION] == 0);
	m = world_message(w, ELECTION_RESIGN, 3, 5);
	r = world_election(w, &m);
	assert_non_null(r);
	assert_false(r->election.has_answer);
	m = world_message(w, ELECTION_HEARTBEAT, 2, 5);
	r = world_election(w, &m);
	assert_true(r->election.has_answer);
	assert_int_equal(r->election.message.verdict, ELECTION_SECOND_LEADER);
	assert_true(w->agent.counts.count[GROUP_COUNT_ELECTION] == 1);
}

/* Messages to others at the same time go to them, not into the answer. */
static void leader_tells_who_was_removed(void **state)
{
	struct world *w = *state;
	struct election_message m;
	const struct agent_reply *r;
	const struct agent_send *told;

	world_begin(w, 3, 3);
	world_elect(w);
	m = world_message(w, ELECTION_PROBE, 8, w->agent.election.state.term);
	m.stamp.term = 0;
	r = world_election(w, &m);
	assert_true(r->election.has_answer);
	assert_int_equal(r->election.message.kind, ELECTION_PROBE_ANSWER);
	told = world_says(w, ELECTION_VOTERS);
	assert_non_null(told);
	assert_true(told->tag.to == world_id(8) && member_id_of(&told->at) == world_id(8));
	assert_int_equal(told->tag.part, AGENT_PART_ELECTION);
	assert_int_equal(told->election.message.voters->n, 3);
}

/* --- answers to its own --- */

/* Member 3 of 3 asks whether it would be elected; a good answer of member 1. */
static struct agent_answer probe(struct world *w, struct group_election *m)
{
	struct agent_answer answer = { .proc = GROUP_ELECTION, .answered = true, .election = m };

	world_begin(w, 3, 3);
	w->now = election_next(&w->agent.election);
	world_wake(w);
	assert_int_equal(w->agent.election.role, ELECTION_PROBING);
	memset(m, 0, sizeof(*m));
	m->message = world_message(w, ELECTION_PROBE_ANSWER, 1, 0);
	answer.tag.part = AGENT_PART_ELECTION;
	answer.tag.to = world_id(1);
	answer.head = world_head(w, world_id(1));
	return answer;
}

static void refuses_answers_of_others(void **state)
{
	struct world *w = *state;
	struct group_election m;
	const struct agent_answer good = probe(w, &m);
	struct agent_answer bad[3] = { good, good, good };

	bad[0].head.from = world_id(2);
	bad[1].head.to = world_id(2);
	strcpy(bad[2].head.group, "lab2");
	for (size_t i = 0; i < 3; i++) {
		world_answered(w, &bad[i]);
		assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == i + 1);
		assert_int_equal(w->agent.election.role, ELECTION_PROBING);
		assert_true(heard(w, 1) == -1 && heard(w, 2) == -1);
	}
	world_answered(w, &good);
	assert_int_equal(w->agent.election.role, ELECTION_CANDIDATE);
	assert_true(heard(w, 1) == 0);
	assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == 3);
}

static void makes_nothing_of_silence(void **state)
{
	struct world *w = *state;
	struct group_election m;
	struct agent_answer answer = probe(w, &m);

	answer.answered = false;
	world_answered(w, &answer);
	assert_int_equal(w->agent.election.role, ELECTION_PROBING);
	assert_true(heard(w, 1) == -1);
	assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == 0);
	answer.answered = true;
	answer.election = NULL; /* nothing was asked */
	world_answered(w, &answer);
	assert_int_equal(w->agent.election.role, ELECTION_PROBING);
	assert_true(heard(w, 1) == 0);
}

/* Nobody waits for it, but it says that somebody is there. */
static void takes_answers_to_nobody(void **state)
{
	struct world *w = *state;
	struct group_election m;
	struct agent_answer answer = probe(w, &m);

	answer.tag.part = AGENT_PART_NONE;
	world_answered(w, &answer);
	assert_int_equal(w->agent.election.role, ELECTION_PROBING);
	assert_true(heard(w, 1) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_calls_to_itself, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(refuses_calls_to_others, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_its_status_to_strangers, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(learns_of_members_only, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(knows_all_that_it_asks, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_refusals_once_a_minute, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(answers_its_leader, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(refuses_polls_of_others, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_answer_without_a_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(notes_when_a_leader_was_heard, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(answers_questions_only, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leader_tells_who_was_removed, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_answers_of_others, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(makes_nothing_of_silence, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(takes_answers_to_nobody, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
