/* SPDX-License-Identifier: BSD-3-Clause */
/* How an agent notices other groups of its name and key. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

#define HOUR (3600 * NS_PER_SEC)

static void found(struct world *w, unsigned member)
{
	const struct agent_event e = { .kind = AGENT_FOUND, .at = world_at(member) };

	world_event(w, &e);
}

static void searched(struct world *w, int error)
{
	const struct agent_event e = { .kind = AGENT_SEARCHED, .error = error };

	world_event(w, &e);
	assert_int_equal(w->n, 0);
}

/* The only member of its group leads it, and watches. */
static void begin(struct world *w)
{
	w->settings.watch = true;
	world_begin(w, 1, 1);
	world_elect(w);
}

/* How long until it does that, waking it when it wants to be. */
static dur_ns until(struct world *w, enum agent_effect_kind kind)
{
	const struct mono start = w->now;

	do {
		const struct mono next = agent_next(&w->agent, w->now);

		assert_true(mono_since(w->now, start) < 3 * HOUR);
		w->now = mono_since(next, w->now) > 0 ? next : w->now;
		world_wake(w);
	} while (world_count(w, kind) == 0);
	assert_int_equal(world_count(w, kind), 1);
	return mono_since(w->now, start);
}

/* It asks, and for as long as the answers to a call of a cycle are waited for takes answers. */
static void ask(struct world *w)
{
	(void)until(w, AGENT_SEARCH);
}

static struct agent_send asked(struct world *w, unsigned member)
{
	const struct agent_send *s = world_sent(w, GROUP_STATUS, world_id(member));

	assert_non_null(s);
	assert_int_equal(s->tag.part, AGENT_PART_RIVALS);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
	return *s;
}

static void tells(struct world *w, const struct agent_send *to, unsigned leader, unsigned total)
{
	const struct group_status s = {
		.leads = to->tag.to == world_id(leader),
		.leader = leader ? world_id(leader) : MEMBER_NONE,
		.total = total,
	};

	world_tells(w, to, &s);
}

static uint64_t rivals(const struct world *w)
{
	return w->agent.counts.count[GROUP_COUNT_RIVALS];
}

/* --- questions --- */

/* The octet that a pause varies by: half a pause for 0, nearly one and a half for 255. */
static void asks_at_growing_pauses(void **state)
{
	struct world *w = *state;
	dur_ns pause = 4 * WORLD_LEASE;

	begin(w);
	w->octet = 0;
	(void)until(w, AGENT_SEARCH);
	for (int i = 0; i < 12; i++) {
		w->octet = i % 2 ? 128 : 0;
		assert_true(until(w, AGENT_SEARCH_END) == NS_PER_SEC);
		assert_true(until(w, AGENT_SEARCH) == (i % 2 ? pause : pause / 2));
		pause = 2 * pause < HOUR ? 2 * pause : HOUR;
	}
}

static void asks_at_random_times(void **state)
{
	struct world *w = *state;
	dur_ns pause;

	begin(w);
	ask(w);
	w->octet = 255;
	(void)until(w, AGENT_SEARCH_END);
	pause = until(w, AGENT_SEARCH);
	assert_true(pause > 4 * WORLD_LEASE && pause < 6 * WORLD_LEASE);
}

/* A lease after it began; then, as long as there is no leader, it looks again after a lease. */
static void asks_when_there_is_a_leader(void **state)
{
	struct world *w = *state;

	w->settings.watch = true;
	world_begin(w, 1, 3);
	assert_true(world_run(w, 20 * WORLD_LEASE, 2000));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	world_follow(w, 3, 5);
	for (dur_ns t = 0; t < WORLD_LEASE; t += WORLD_LEASE / 4) {
		if (world_count(w, AGENT_SEARCH) > 0) {
			return;
		}
		world_follow(w, 3, 5);
		world_pass(w, WORLD_LEASE / 4);
	}
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
}

static void asks_no_sooner_than_a_lease(void **state)
{
	struct world *w = *state;
	struct mono start;

	w->settings.watch = true;
	start = w->now;
	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	w->now = mono_add(start, WORLD_LEASE - 1);
	world_follow(w, 3, 5);
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	assert_true(agent_next(&w->agent, w->now).ns <= start.ns + WORLD_LEASE);
	world_pass(w, 1);
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
}

/* In a group of three each asks a third as often. */
static void asks_in_turn(void **state)
{
	struct world *w = *state;
	struct mono start;

	w->settings.watch = true;
	w->octet = 128;
	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	world_pass(w, WORLD_LEASE - 1);
	world_follow(w, 3, 5);
	world_pass(w, 1);
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
	start = mono_add(w->now, NS_PER_SEC);
	w->now = start;
	world_follow(w, 3, 5);
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_SEARCH_END), 1);
	do {
		world_follow(w, 3, 5);
		world_pass(w, NS_PER_SEC);
	} while (world_count(w, AGENT_SEARCH) == 0);
	assert_true(mono_since(w->now, start) == 3 * 4 * WORLD_LEASE);
}

static void asks_only_if_it_is_to(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 1);
	world_elect(w);
	assert_true(world_run(w, 100 * WORLD_LEASE, 2000));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	found(w, 5);
	assert_int_equal(w->n, 0);
}

/* A machine that is on no network is not told of it, and the next question comes as ever. */
static void takes_no_network_for_an_answer(void **state)
{
	struct world *w = *state;

	begin(w);
	ask(w);
	w->octet = 128;
	searched(w, -ENETUNREACH);
	found(w, 5);
	assert_int_equal(w->n, 0); /* it is not asking */
	assert_true(until(w, AGENT_SEARCH) == 4 * WORLD_LEASE);
	searched(w, 0);
	found(w, 5);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
}

/* --- answers --- */

static void notices_another_leader(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;
	struct agent_send s;

	begin(w);
	ask(w);
	found(w, 5);
	s = asked(w, 5);
	tells(w, &s, 5, 7);
	note = world_note(w, AGENT_NOTE_RIVAL);
	assert_non_null(note);
	assert_true(note->number == 7 && note->other == 1);
	assert_true(member_id_of(&note->at) == world_id(5));
	assert_true(rivals(w) == 1);
	assert_true(world_status(w, 0, 0)->counts[GROUP_COUNT_RIVALS] == 1);
}

static void asks_the_leader_that_is_named(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	ask(w);
	found(w, 5);
	s = asked(w, 5);
	tells(w, &s, 9, 7);
	assert_true(rivals(w) == 0); /* that one has to say so itself */
	s = asked(w, 9);
	tells(w, &s, 9, 7);
	assert_true(rivals(w) == 1);
	assert_true(member_id_of(&world_note(w, AGENT_NOTE_RIVAL)->at) == world_id(9));
}

static void asks_no_leader_that_is_its_own(void **state)
{
	struct world *w = *state;
	static const unsigned leaders[] = { 5, 1, 0 };
	struct group_status v6 = { .leader = UINT64_C(1) << 63 };
	struct agent_send s;

	begin(w);
	ask(w);
	for (size_t i = 0; i < 3; i++) {
		struct group_status of = { .leads = false };

		of.leader = leaders[i] ? world_id(leaders[i]) : MEMBER_NONE;
		found(w, 5);
		s = asked(w, 5);
		world_tells(w, &s, &of);
		assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	}
	found(w, 5);
	s = asked(w, 5);
	world_tells(w, &s, &v6);
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	found(w, 5);
	s = asked(w, 5);
	world_silence(w, &s);
	assert_int_equal(w->n, 0);
	assert_true(rivals(w) == 0);
}

static void asks_nobody_of_its_group(void **state)
{
	struct world *w = *state;

	w->settings.watch = true;
	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	world_pass(w, WORLD_LEASE - 1);
	world_follow(w, 3, 5);
	world_pass(w, 1);
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
	for (unsigned i = 1; i <= 3; i++) {
		found(w, i);
		assert_int_equal(w->n, 0);
	}
	found(w, 4);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
}

/* An answer that comes late is to be of a rival still, and a leader is not asked then. */
static void asks_nobody_after_its_question(void **state)
{
	struct world *w = *state;
	struct agent_send s[2];

	begin(w);
	ask(w);
	found(w, 5);
	s[0] = asked(w, 5);
	found(w, 6);
	s[1] = asked(w, 6);
	(void)until(w, AGENT_SEARCH_END);
	found(w, 7);
	assert_int_equal(w->n, 0);
	tells(w, &s[0], 9, 7);
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	tells(w, &s[1], 6, 7);
	assert_true(rivals(w) == 1);
}

static void notices_none_without_a_leader(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	ask(w);
	found(w, 5);
	s = asked(w, 5);
	w->now = mono_add(w->now, WORLD_LEASE); /* its own lease is over */
	tells(w, &s, 5, 7);
	assert_true(rivals(w) == 0);
	assert_null(world_note(w, AGENT_NOTE_RIVAL));
}

static void logs_a_rival_once_an_hour(void **state)
{
	struct world *w = *state;
	struct mono said;
	struct agent_send s;

	begin(w);
	ask(w);
	found(w, 5);
	s = asked(w, 5);
	tells(w, &s, 5, 7);
	assert_non_null(world_note(w, AGENT_NOTE_RIVAL));
	said = w->now;
	found(w, 5);
	s = asked(w, 5);
	tells(w, &s, 5, 7);
	assert_null(world_note(w, AGENT_NOTE_RIVAL));
	found(w, 6);
	s = asked(w, 6);
	tells(w, &s, 6, 2);
	assert_non_null(world_note(w, AGENT_NOTE_RIVAL)); /* another one */
	while (mono_since(w->now, said) < HOUR) {
		ask(w);
	}
	found(w, 6);
	s = asked(w, 6);
	tells(w, &s, 6, 2);
	assert_non_null(world_note(w, AGENT_NOTE_RIVAL));
	assert_true(rivals(w) == 4);
}

/* --- who asks for the status --- */

static void is_asked_by(struct world *w, unsigned member)
{
	const struct group_status_args args = { .head = world_head(w, world_id(member)) };
	const struct agent_call call = {
		.proc = GROUP_STATUS,
		.head = args.head,
		.status = &args,
	};

	assert_non_null(world_call(w, &call));
}

/* At the edge of that hour. */
static void logs_a_rival_again_after_an_hour(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	for (int late = 0; late <= 1; late++) {
		struct mono said;

		begin(w);
		is_asked_by(w, 5);
		s = asked(w, 5);
		tells(w, &s, 5, 7);
		assert_non_null(world_note(w, AGENT_NOTE_RIVAL));
		said = w->now;
		while (mono_since(w->now, said) < HOUR - WORLD_LEASE / 2) {
			world_pass(w, WORLD_LEASE / 6);
		}
		w->now = mono_add(said, HOUR - 1 + late);
		is_asked_by(w, 5);
		s = asked(w, 5);
		tells(w, &s, 5, 7);
		assert_true((world_note(w, AGENT_NOTE_RIVAL) != NULL) == late);
	}
}

static void asks_back(void **state)
{
	struct world *w = *state;
	struct agent_send s;

	begin(w);
	is_asked_by(w, 5);
	s = asked(w, 5);
	is_asked_by(w, 6); /* once a lease */
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	tells(w, &s, 5, 7);
	assert_true(rivals(w) == 1);
	w->now = mono_add(w->now, WORLD_LEASE - 1);
	world_begin(w, 1, 1);
	world_elect(w);
	is_asked_by(w, 5);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
	for (int i = 0; i < 6; i++) {
		world_pass(w, WORLD_LEASE / 6 - (i == 5));
	}
	is_asked_by(w, 6);
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	world_pass(w, 1);
	is_asked_by(w, 6);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
}

static void asks_only_strangers_back(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 1);
	world_elect(w);
	is_asked_by(w, 5); /* it does not watch */
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	w->settings.watch = true;
	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	is_asked_by(w, 2);
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	(void)world_status(w, 0, 0); /* by an administrator */
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	w->now = mono_add(w->now, WORLD_LEASE);
	is_asked_by(w, 5); /* it has no leader itself */
	assert_int_equal(world_sends(w, GROUP_STATUS), 0);
	world_follow(w, 3, 5);
	is_asked_by(w, 5);
	assert_int_equal(world_sends(w, GROUP_STATUS), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_at_growing_pauses, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_at_random_times, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_when_there_is_a_leader, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_no_sooner_than_a_lease, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_in_turn, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_only_if_it_is_to, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(takes_no_network_for_an_answer, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(notices_another_leader, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_the_leader_that_is_named, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_no_leader_that_is_its_own, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_nobody_of_its_group, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_nobody_after_its_question, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(notices_none_without_a_leader, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_a_rival_once_an_hour, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(logs_a_rival_again_after_an_hour, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_back, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_only_strangers_back, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
