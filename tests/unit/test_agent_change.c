/* SPDX-License-Identifier: BSD-3-Clause */
/* Changes that administrators and newcomers ask a leader for, and the nonces that they bring. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

static enum group_answer ask(struct world *w, enum group_procedure proc, struct ticket_nonce nonce,
			     struct member_address address)
{
	const struct group_change change = {
		.head = world_head(w, MEMBER_NONE),
		.nonce = nonce,
		.address = address,
	};
	const struct agent_call call = { .proc = proc, .head = change.head, .change = &change };
	const struct agent_reply *r = world_call(w, &call);

	assert_non_null(r);
	assert_int_equal(r->proc, proc);
	return r->answer;
}

static struct ticket_nonce nonce_of(struct world *w)
{
	return world_status(w, 0, 0)->nonce;
}

static enum group_answer join_at(struct world *w, struct member_address at)
{
	return ask(w, GROUP_JOIN, nonce_of(w), at);
}

/* The only member of a group leads it. */
static void begin(struct world *w)
{
	world_begin(w, 1, 1);
	world_elect(w);
}

/* The question that a newcomer is asked. */
static struct agent_send asked(const struct world *w, member_id id)
{
	const struct agent_send *s = world_sent(w, GROUP_STATUS, id);

	assert_non_null(s);
	assert_int_equal(s->tag.part, AGENT_PART_NEWCOMERS);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
	return *s;
}

static void is_there(struct world *w, const struct agent_send *asked, dur_ns lease)
{
	const struct group_status s = { .lease = lease };

	world_tells(w, asked, &s);
}

/* --- nonces --- */

static void takes_a_nonce_once(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = nonce_of(w);
	assert_memory_equal(&nonce, &world_status(w, 0, 0)->nonce, sizeof(nonce));
	assert_int_equal(ask(w, GROUP_LEAVE, nonce, world_at(5)), GROUP_UNKNOWN);
	assert_true(w->agent.counts.count[GROUP_COUNT_REPLAYED] == 0);
	assert_int_equal(ask(w, GROUP_LEAVE, nonce, world_at(5)), GROUP_OLD_NONCE);
	assert_true(w->agent.counts.count[GROUP_COUNT_REPLAYED] == 1);
	assert_non_null(world_note(w, AGENT_NOTE_REFUSED));
	assert_memory_not_equal(&nonce, &world_status(w, 0, 0)->nonce, sizeof(nonce));
	assert_int_equal(ask(w, GROUP_LEAVE, nonce, world_at(5)), GROUP_OLD_NONCE);
	assert_int_equal(ask(w, GROUP_LEAVE, nonce_of(w), world_at(5)), GROUP_UNKNOWN);
}

static void takes_a_nonce_for_a_minute(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = nonce_of(w);
	w->now = mono_add(w->now, 60 * NS_PER_SEC - 1);
	/* To look again does not make it last longer. */
	assert_memory_equal(&nonce, &world_status(w, 0, 0)->nonce, sizeof(nonce));
	assert_int_equal(ask(w, GROUP_STEP_DOWN, nonce, world_at(5)), GROUP_NOT_LEADER);
	nonce = nonce_of(w);
	w->now = mono_add(w->now, 60 * NS_PER_SEC);
	assert_int_equal(ask(w, GROUP_STEP_DOWN, nonce, world_at(5)), GROUP_OLD_NONCE);
	assert_memory_not_equal(&nonce, &world_status(w, 0, 0)->nonce, sizeof(nonce));
}

static void takes_no_nonce_before_a_status(void **state)
{
	struct world *w = *state;
	const struct ticket_nonce none = { { 0 } };

	begin(w);
	assert_int_equal(ask(w, GROUP_LEAVE, none, world_at(5)), GROUP_OLD_NONCE);
}

static void every_octet_of_a_nonce_counts(void **state)
{
	struct world *w = *state;

	begin(w);
	for (size_t i = 0; i < TICKET_NONCE_BYTES; i++) {
		struct ticket_nonce nonce = nonce_of(w);

		nonce.byte[i] ^= 0x80;
		assert_int_equal(ask(w, GROUP_LEAVE, nonce, world_at(5)), GROUP_OLD_NONCE);
	}
	assert_int_equal(ask(w, GROUP_LEAVE, nonce_of(w), world_at(5)), GROUP_UNKNOWN);
}

/* --- the log --- */

static void logs_what_became_of_it(void **state)
{
	struct world *w = *state;
	const struct ticket_nonce none = { { 0 } };
	const struct agent_note *note;

	begin(w);
	assert_int_equal(world_change(w, GROUP_LEAVE, 5), GROUP_UNKNOWN);
	note = world_note(w, AGENT_NOTE_CHANGE);
	assert_non_null(note);
	assert_true(note->number == GROUP_LEAVE && note->other == GROUP_UNKNOWN);
	/* It will ask again. */
	assert_int_equal(ask(w, GROUP_JOIN, none, world_at(5)), GROUP_OLD_NONCE);
	assert_null(world_note(w, AGENT_NOTE_CHANGE));
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	assert_null(world_note(w, AGENT_NOTE_CHANGE));
}

/* --- join --- */

static void lets_in_who_is_there(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	s = asked(w, world_id(5));
	assert_true(member_id_of(&s.at) == world_id(5) && s.head.to == world_id(5));
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	assert_int_equal(world_count(w, AGENT_SEND), 0); /* it is being asked */
	is_there(w, &s, WORLD_LEASE);
	w->saves = 0;
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
	assert_int_equal(w->saves, 1);
	assert_int_equal(w->agent.election.state.voters.n, 2);
	assert_non_null(world_says(w, ELECTION_HEARTBEAT));
	assert_int_equal(world_status(w, 0, GROUP_PAGE)->total, 2);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_EXISTS);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
}

/* Two changes at a time there are not. */
static void lets_in_one_at_a_time(void **state)
{
	struct world *w = *state;
	struct agent_send s[2];

	begin(w);
	(void)world_change(w, GROUP_JOIN, 5);
	s[0] = asked(w, world_id(5));
	(void)world_change(w, GROUP_JOIN, 6);
	s[1] = asked(w, world_id(6));
	is_there(w, &s[0], WORLD_LEASE);
	is_there(w, &s[1], WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
	assert_int_equal(world_change(w, GROUP_JOIN, 6), GROUP_TRY_AGAIN);
	world_agree(w, 5);
	assert_int_equal(world_change(w, GROUP_JOIN, 6), GROUP_DONE);
	assert_int_equal(w->agent.election.state.voters.n, 3);
}

/* An answer is good for ten seconds. */
static void forgets_who_was_there(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	for (int late = 0; late <= 1; late++) {
		begin(w);
		(void)world_change(w, GROUP_JOIN, 5);
		s = asked(w, world_id(5));
		is_there(w, &s, WORLD_LEASE);
		const struct mono end = mono_add(w->now, 10 * NS_PER_SEC + late);
		while (mono_since(end, w->now) > WORLD_LEASE / 6) {
			world_pass(w, WORLD_LEASE / 6);
		}
		w->now = end;
		assert_int_equal(world_change(w, GROUP_JOIN, 5),
				 late ? GROUP_TRY_AGAIN : GROUP_DONE);
	}
}

/* Packets get lost: it is asked three times; and silence is forgotten after two seconds. */
static void does_not_let_in_the_silent(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	(void)world_change(w, GROUP_JOIN, 5);
	for (int i = 0; i < 2; i++) {
		s = asked(w, world_id(5));
		world_silence(w, &s);
		assert_int_equal(world_sends(w, GROUP_STATUS), 1);
	}
	s = asked(w, world_id(5));
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	world_silence(w, &s);
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	world_silence(w, &s); /* that is known already */
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_UNREACHABLE);
	/* And then it is asked anew. */
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	s = asked(w, world_id(5));
	is_there(w, &s, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
}

static void forgets_silence(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	for (int late = 0; late <= 1; late++) {
		begin(w);
		(void)world_change(w, GROUP_JOIN, 5);
		for (int i = 0; i < 3; i++) {
			s = asked(w, world_id(5));
			world_silence(w, &s);
		}
		const struct mono end = mono_add(w->now, 2 * NS_PER_SEC + late);
		while (mono_since(end, w->now) > WORLD_LEASE / 6) {
			world_pass(w, WORLD_LEASE / 6);
		}
		w->now = end;
		assert_int_equal(world_change(w, GROUP_JOIN, 5),
				 late ? GROUP_TRY_AGAIN : GROUP_UNREACHABLE);
	}
}

/* That it answers counts, not how many answers were lost before. */
static void lets_in_who_answers_at_last(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	(void)world_change(w, GROUP_JOIN, 5);
	for (int i = 0; i < 2; i++) {
		s = asked(w, world_id(5));
		world_silence(w, &s);
	}
	s = asked(w, world_id(5));
	is_there(w, &s, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
}

static void does_not_let_in_another_lease(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	(void)world_change(w, GROUP_JOIN, 5);
	s = asked(w, world_id(5));
	is_there(w, &s, WORLD_LEASE + 1);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_OTHER_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	s = asked(w, world_id(5));
	is_there(w, &s, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
}

static void believes_nobody_but_the_newcomer(void **state)
{
	struct world *w = *state;
	const struct group_status there = { .lease = WORLD_LEASE };
	struct agent_send s, other;
	struct agent_answer a;

	begin(w);
	(void)world_change(w, GROUP_JOIN, 5);
	s = asked(w, world_id(5));
	a = world_answer(w, &s);
	a.status = &there;
	a.head.from = world_id(6);
	world_answered(w, &a); /* as good as silence: it is asked again */
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
	other = s;
	other.tag.to = world_id(6);
	is_there(w, &other, WORLD_LEASE);
	other = s;
	other.tag.place = NEWCOMERS;
	is_there(w, &other, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_TRY_AGAIN);
	is_there(w, &s, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 5), GROUP_DONE);
}

/* There are 16 places; who finds none tries again. */
static void asks_16_newcomers_at_a_time(void **state)
{
	struct world *w = *state;
	struct agent_send s[NEWCOMERS];

	begin(w);
	for (unsigned i = 0; i < NEWCOMERS; i++) {
		assert_int_equal(world_change(w, GROUP_JOIN, 5 + i), GROUP_TRY_AGAIN);
		s[i] = asked(w, world_id(5 + i));
	}
	assert_int_equal(world_change(w, GROUP_JOIN, 90), GROUP_TRY_AGAIN);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
	is_there(w, &s[3], WORLD_LEASE + 1);
	assert_int_equal(world_change(w, GROUP_JOIN, 8), GROUP_OTHER_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 90), GROUP_TRY_AGAIN);
	(void)asked(w, world_id(90));
	is_there(w, &s[9], WORLD_LEASE); /* the others are as they were */
	assert_int_equal(world_change(w, GROUP_JOIN, 14), GROUP_DONE);
}

static void adds_no_address_that_cannot_be_reached(void **state)
{
	struct world *w = *state;
	static const uint8_t bad[][4] = {
		{ 0, 0, 0, 0 }, { 127, 0, 0, 1 }, { 224, 0, 0, 1 }, { 255, 255, 255, 255 }
	};
	struct member_address at;

	begin(w);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		at = world_at(5);
		at.host = host_of_v4(bad[i]);
		assert_int_equal(join_at(w, at), GROUP_IMPOSSIBLE);
		assert_int_equal(world_count(w, AGENT_SEND), 0);
	}
	at = world_at(5);
	at.port = 0;
	assert_int_equal(join_at(w, at), GROUP_IMPOSSIBLE);
	assert_int_equal(join_at(w, world_at_v6(5)), GROUP_IMPOSSIBLE);
	assert_int_equal(join_at(w, world_at(5)), GROUP_TRY_AGAIN);
}

/* On one machine all members are there. */
static void adds_loopback_addresses_to_such(void **state)
{
	struct world *w = *state;
	static const uint8_t loopback[4] = { 127, 0, 0, 1 };
	struct member_address at[2] = { world_at(1), world_at(2) };
	const struct agent_event saved = { .kind = AGENT_SAVED };

	at[0].host = at[1].host = host_of_v4(loopback);
	at[1].port++;
	w->settings.self = at[0];
	world_init(w, at, 1, NULL);
	world_event(w, &saved);
	world_elect(w);
	assert_int_equal(join_at(w, world_at(5)), GROUP_IMPOSSIBLE);
	assert_int_equal(join_at(w, at[1]), GROUP_TRY_AGAIN);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
}

static void a_full_group_takes_nobody(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	world_begin(w, MEMBERS_MAX, MEMBERS_MAX);
	world_elect(w);
	assert_int_equal(world_change(w, GROUP_JOIN, 2000), GROUP_TRY_AGAIN);
	s = asked(w, world_id(2000));
	is_there(w, &s, WORLD_LEASE);
	assert_int_equal(world_change(w, GROUP_JOIN, 2000), GROUP_FULL);
}

/* --- leave, step down --- */

static void removes_members(void **state)
{
	struct world *w = *state;

	world_begin(w, 3, 3);
	world_elect(w);
	world_keep(w);
	assert_int_equal(world_change(w, GROUP_LEAVE, 3), GROUP_IMPOSSIBLE); /* the leader itself */
	assert_int_equal(world_change(w, GROUP_LEAVE, 9), GROUP_UNKNOWN);
	assert_int_equal(world_change(w, GROUP_LEAVE, 1), GROUP_DONE);
	assert_true(world_note(w, AGENT_NOTE_CHANGE)->other == GROUP_DONE);
	assert_int_equal(w->agent.election.state.voters.n, 2);
	assert_true(voters_find(&w->agent.election.state.voters, world_id(1)) < 0);
}

static void steps_down(void **state)
{
	struct world *w = *state;
	struct mono start;

	world_begin(w, 3, 3);
	world_elect(w);
	assert_int_equal(world_change(w, GROUP_STEP_DOWN, 3), GROUP_DONE);
	assert_non_null(world_says(w, ELECTION_RESIGN));
	assert_int_equal(w->agent.election.role, ELECTION_FOLLOWER);
	/* For four leases it does not stand again. */
	start = w->now;
	assert_true(world_run(w, 4 * WORLD_LEASE - 1, 1000));
	assert_null(world_says(w, ELECTION_PROBE));
	assert_true(world_run(w, 3 * WORLD_LEASE, 1000));
	assert_non_null(world_says(w, ELECTION_PROBE));
	assert_true(mono_since(w->agent.election.passive_until, start) == 4 * WORLD_LEASE);
}

static void only_a_leader_changes_anything(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	assert_int_equal(world_change(w, GROUP_LEAVE, 2), GROUP_NOT_LEADER);
	assert_int_equal(world_change(w, GROUP_STEP_DOWN, 2), GROUP_NOT_LEADER);
	assert_int_equal(world_change(w, GROUP_JOIN, 9), GROUP_NOT_LEADER);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
	assert_true(world_note(w, AGENT_NOTE_CHANGE)->other == GROUP_NOT_LEADER);
	/* Where it cannot be at all, that is said by whomever. */
	assert_int_equal(join_at(w, world_at_v6(9)), GROUP_IMPOSSIBLE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(takes_a_nonce_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(takes_a_nonce_for_a_minute, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(takes_no_nonce_before_a_status, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(every_octet_of_a_nonce_counts, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_what_became_of_it, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(lets_in_who_is_there, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(lets_in_one_at_a_time, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(forgets_who_was_there, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(does_not_let_in_the_silent, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(forgets_silence, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(lets_in_who_answers_at_last, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_let_in_another_lease, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_nobody_but_the_newcomer, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_16_newcomers_at_a_time, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(adds_no_address_that_cannot_be_reached, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(adds_loopback_addresses_to_such, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(a_full_group_takes_nobody, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(removes_members, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(steps_down, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(only_a_leader_changes_anything, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
