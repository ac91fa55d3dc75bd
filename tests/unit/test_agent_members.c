/* SPDX-License-Identifier: BSD-3-Clause */
/* Where members are, which those of IPv6 have to be told; and the effects of a step. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

static const struct voters nobody;

static member_id id_v6(unsigned i)
{
	const struct member_address at = world_at_v6(i);

	return member_id_of(&at);
}

/* --- effects --- */

static void effects_do_not_go_past_their_end(void **state)
{
	struct agent_effects *out = calloc(1, sizeof(*out));

	(void)state;
	assert_non_null(out);
	for (int i = 0; i < AGENT_EFFECTS_MAX; i++) {
		out->effect[i].kind = AGENT_END;
		out->effect[i].note.number = 9;
		assert_true(effects_note(out, AGENT_NOTE_RIVAL)->number == 0);
		assert_false(out->overrun);
		assert_int_equal(out->n, i + 1);
		assert_int_equal(out->effect[i].kind, AGENT_NOTE);
		assert_int_equal(out->effect[i].note.kind, AGENT_NOTE_RIVAL);
	}
	assert_ptr_equal(effects_add(out, AGENT_SEARCH), &out->effect[AGENT_EFFECTS_MAX - 1]);
	assert_true(out->overrun);
	assert_int_equal(out->n, AGENT_EFFECTS_MAX);
	(void)effects_add(out, AGENT_SEARCH);
	assert_true(out->overrun);
	assert_int_equal(out->n, AGENT_EFFECTS_MAX);
	free(out);
}

/* --- IPv6 --- */

/* Member 1 of 1 to n of IPv6; it knows where the first `known` of them are. */
static void begin_v6(struct world *w, unsigned known, unsigned n)
{
	static const struct agent_event saved_event = { .kind = AGENT_SAVED };
	struct election_state *saved = calloc(1, sizeof(*saved));
	struct member_address named[64];
	member_id ids[64];

	assert_non_null(saved);
	for (unsigned i = 0; i < n; i++) {
		named[i] = world_at_v6(i + 1);
		ids[i] = member_id_of(&named[i]);
	}
	saved->term = 1;
	assert_int_equal(voters_make(&saved->voters, 1, 1, ids, n), 0);
	w->settings.self = world_at_v6(1);
	world_init(w, named, known, saved);
	world_event(w, &saved_event);
	free(saved);
}

static const struct agent_send *next_probe(struct world *w)
{
	do {
		w->now = election_next(&w->agent.election);
		world_wake(w);
	} while (!world_says(w, ELECTION_PROBE));
	return world_says(w, ELECTION_PROBE);
}

static void tells_where_members_are(void **state)
{
	struct world *w = *state;
	const struct member_address stranger = world_at_v6(50);
	bool told[64] = { false };
	const struct agent_send *s;

	begin_v6(w, 20, 20);
	(void)group_members_add(&w->agent.members, &stranger, &nobody, w->agent.self);
	for (int i = 0; i < 200; i++) {
		s = next_probe(w);
		assert_int_equal(s->election.told.n, GROUP_TOLD);
		assert_true(member_id_of(&s->election.told.at[0]) == w->agent.self);
		for (size_t j = 1; j < GROUP_TOLD; j++) {
			const uint8_t member = s->election.told.at[j].host.octets[15];

			assert_true(member > 1 && member <= 20);
			assert_true(j == 1 || member != s->election.told.at[j - 1].host.octets[15]);
			told[member] = true;
		}
	}
	for (unsigned i = 2; i <= 20; i++) {
		assert_true(told[i]);
	}
}

static void tells_of_few_members_once(void **state)
{
	struct world *w = *state;
	const struct agent_send *s;

	begin_v6(w, 3, 3);
	for (int i = 0; i < 9; i++) {
		s = next_probe(w);
		assert_int_equal(s->election.told.n, 3);
		assert_true(s->tag.to == MEMBER_NONE && s->at.port == 0);
	}
	assert_true(member_id_of(&s->election.told.at[1]) != member_id_of(&s->election.told.at[2]));
}

static void tells_nothing_of_ipv4(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 3);
	assert_int_equal(next_probe(w)->election.told.n, 0);
}

/* As many as there are a heartbeat, in turn: all of them soon. */
static void tells_in_turn(void **state)
{
	struct world *w = *state;
	struct group_told first, second;
	const struct agent_send *s;
	size_t same = 0;

	begin_v6(w, 15, 15);
	s = next_probe(w);
	first = s->election.told;
	assert_int_equal(first.n, GROUP_TOLD);
	const uint64_t serial = w->agent.election.serial;
	do {
		s = next_probe(w);
	} while (w->agent.election.serial == serial);
	assert_true(w->agent.election.serial == serial + 1);
	second = s->election.told;
	for (size_t i = 1; i < GROUP_TOLD; i++) {
		for (size_t j = 1; j < GROUP_TOLD; j++) {
			same += member_id_of(&first.at[j]) == member_id_of(&second.at[i]);
		}
	}
	assert_true(same <= 1); /* one may be told twice in place of itself */
	/* Nor is any left out between: the second begins where the first has ended. */
	assert_true((second.at[1].host.octets[15] + 15 - first.at[GROUP_TOLD - 1].host.octets[15]) %
			    15 <=
		    2);
}

static const struct group_member_status *of(struct world *w, unsigned i)
{
	const struct group_status *s = world_status(w, 0, GROUP_PAGE);

	for (size_t j = 0; j < s->n; j++) {
		if (s->members[j].id == id_v6(i)) {
			return &s->members[j];
		}
	}
	fail();
	return NULL;
}

static void learns_where_members_are(void **state)
{
	struct world *w = *state;
	struct group_election heartbeat = { .told.n = 4 };
	struct agent_call call = { .proc = GROUP_ELECTION, .election = &heartbeat };
	const struct group_member_status *s;

	begin_v6(w, 1, 4);
	s = of(w, 2);
	assert_true(s->address.port == 0 && s->heard == -1 && s->part == GROUP_UNMEASURED);
	heartbeat.message = world_message(w, ELECTION_HEARTBEAT, 2, 3);
	heartbeat.message.from = id_v6(2);
	heartbeat.told.at[0] = world_at_v6(2);
	heartbeat.told.at[1] = world_at_v6(3);
	heartbeat.told.at[2] = world_at_v6(60); /* no member */
	heartbeat.told.at[3] = world_at_v6(1);
	call.head = world_head(w, id_v6(2));
	call.head.term = 3;
	assert_non_null(world_call(w, &call));
	assert_true(of(w, 2)->address.port == 700);
	assert_true(of(w, 3)->address.port == 700);
	assert_true(of(w, 4)->address.port == 0);
	assert_null(group_members_known(&w->agent.members, id_v6(60)));
	assert_int_equal(w->agent.members.n, 3);
	/* The sender is told an answer, so it is learnt whoever it is. */
	heartbeat.message = world_message(w, ELECTION_PROBE, 2, 3);
	heartbeat.message.from = id_v6(61);
	heartbeat.told.n = 1;
	heartbeat.told.at[0] = world_at_v6(61);
	call.head = world_head(w, id_v6(61));
	assert_non_null(world_call(w, &call));
	assert_non_null(group_members_known(&w->agent.members, id_v6(61)));
}

/* An answer may name a leader of whom nobody says where it is: it cannot be asked. */
static void asks_no_leader_that_is_nowhere(void **state)
{
	struct world *w = *state;
	struct group_election refusal = { .told.n = 0 };
	struct agent_answer answer = {
		.tag = { .part = AGENT_PART_ELECTION, .to = id_v6(2) },
		.proc = GROUP_ELECTION,
		.answered = true,
		.election = &refusal,
	};

	begin_v6(w, 3, 3);
	for (int known = 0; known <= 1; known++) {
		while (w->agent.election.role != ELECTION_PROBING ||
		       w->agent.election.referred == w->agent.election.serial) {
			(void)next_probe(w);
		}
		refusal.message = world_message(w, ELECTION_PROBE_ANSWER, 2, 1);
		refusal.message.from = id_v6(2);
		refusal.message.verdict = ELECTION_LEADER_LIVES;
		refusal.message.successor = known ? world_id(9) : id_v6(60);
		answer.head = world_head(w, id_v6(2));
		world_answered(w, &answer);
		assert_int_equal(world_sends(w, GROUP_ELECTION), known);
		if (known) {
			assert_true(world_says(w, ELECTION_PROBE)->tag.to == world_id(9));
		}
	}
}

/* A newcomer of IPv6 says where it is when it asks to be let in: its id does not. */
static void knows_where_newcomers_are(void **state)
{
	struct world *w = *state;
	const struct group_status there = { .lease = WORLD_LEASE };
	struct group_change join = { .address = world_at_v6(5) };
	struct agent_call call = { .proc = GROUP_JOIN, .change = &join };
	const struct agent_send *s;

	begin_v6(w, 1, 1);
	world_elect(w);
	call.head = world_head(w, MEMBER_NONE);
	join.nonce = world_status(w, 0, 0)->nonce;
	assert_int_equal(world_call(w, &call)->answer, GROUP_TRY_AGAIN);
	s = world_sent(w, GROUP_STATUS, id_v6(5));
	assert_non_null(s);
	world_tells(w, s, &there);
	join.nonce = world_status(w, 0, 0)->nonce;
	assert_int_equal(world_call(w, &call)->answer, GROUP_DONE);
	assert_true(of(w, 5)->address.port == 700);
	assert_int_equal(of(w, 5)->address.host.octets[15], 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(effects_do_not_go_past_their_end, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_where_members_are, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_of_few_members_once, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_nothing_of_ipv4, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(tells_in_turn, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(learns_where_members_are, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_no_leader_that_is_nowhere, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(knows_where_newcomers_are, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
