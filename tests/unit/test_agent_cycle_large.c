/* SPDX-License-Identifier: BSD-3-Clause */
/* A leader's cycle of many members: so many sends a turn, and what cannot be sent for now. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

#define A_TURN 32

/* The latest calls to each member: polls, then corrections. */
struct calls {
	struct agent_send *to; /* by member */
	unsigned *sent;        /* how often, since the cycle began */
	unsigned n;
};

static void collect(struct world *w, struct calls *c, enum group_procedure proc)
{
	for (size_t i = 0; i < w->n; i++) {
		const struct agent_effect *e = &w->log[i];

		if (e->kind == AGENT_SEND && e->send.proc == proc) {
			const unsigned member = (unsigned)(e->send.tag.to >> 16 & 0xffff);

			assert_true(member >= 1 && member <= c->n);
			assert_true(e->send.tag.to == world_id(member));
			c->to[member] = e->send;
			c->sent[member]++;
		}
	}
}

static struct calls calls_of(unsigned n)
{
	struct calls c = { .n = n };

	c.to = calloc(n + 1, sizeof(*c.to));
	c.sent = calloc(n + 1, sizeof(*c.sent));
	assert_non_null(c.to);
	assert_non_null(c.sent);
	return c;
}

static void free_calls(struct calls *c)
{
	free(c->to);
	free(c->sent);
}

/* Turns of 32, one right after the other, then one with the rest. */
static void send_all(struct world *w, struct calls *c, enum group_procedure proc)
{
	unsigned left = c->n - 1;

	memset(c->sent, 0, (c->n + 1) * sizeof(*c->sent));
	while (left > 0) {
		const unsigned turn = left < A_TURN ? left : A_TURN;

		assert_int_equal(world_sends(w, proc), turn);
		collect(w, c, proc);
		left -= turn;
		assert_true(left == 0 || agent_next(&w->agent, w->now).ns <= w->now.ns);
		world_wake(w);
	}
	assert_int_equal(world_sends(w, proc), 0);
	for (unsigned i = 1; i <= c->n; i++) {
		assert_int_equal(c->sent[i], world_id(i) != w->agent.self);
	}
}

static void cycle_of(struct world *w, unsigned n)
{
	struct calls c = calls_of(n);

	world_begin(w, n, n);
	world_elect(w);
	world_cycle(w);
	send_all(w, &c, GROUP_POLL);
	assert_true(agent_next(&w->agent, w->now).ns > w->now.ns);
	for (unsigned i = 1; i < n; i++) {
		struct agent_tag tag;

		world_polled(w, &c.to[i], (dur_ns)i * 100, NS_PER_MS);
		tag = world_measure(w)->tag;
		for (int j = 0; j < 4; j++) {
			assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
			world_unmeasured(w, &tag);
		}
	}
	world_wake(w);
	send_all(w, &c, GROUP_ADJUST);
	assert_int_equal(w->corrections, 1); /* its own, with the last ones */
	for (unsigned i = 1; i < n; i++) {
		/* The leader is one of them, with an offset of 0. */
		const dur_ns mean = (dur_ns)(n - 1) * 100 / 2;

		assert_true(c.to[i].adjust.correction == mean - (dur_ns)i * 100);
	}
	assert_true(world_status(w, 0, 0)->used == n);
	free_calls(&c);
}

static void cycle_of_100(void **state)
{
	cycle_of(*state, 100);
}

static void cycle_of_33(void **state)
{
	cycle_of(*state, 33);
}

static void cycle_of_1024(void **state)
{
	cycle_of(*state, MEMBERS_MAX);
}

/* An answer is a turn too. */
static void goes_on_with_each_answer(void **state)
{
	struct world *w = *state;
	struct agent_send first;

	world_begin(w, 100, 100);
	world_elect(w);
	world_cycle(w);
	first = *world_sent(w, GROUP_POLL, MEMBER_NONE);
	world_polled(w, &first, 0, NS_PER_MS);
	assert_int_equal(world_count(w, AGENT_MEASURE), 4);
	assert_int_equal(world_sends(w, GROUP_POLL), A_TURN);
	world_silence(w, world_sent(w, GROUP_POLL, MEMBER_NONE));
	assert_int_equal(world_sends(w, GROUP_POLL), A_TURN);
	/* But a call is answered first. */
	assert_non_null(world_status(w, 0, 0));
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
}

/* --- as many calls are under way as can be --- */

static void unsent(struct world *w, const struct agent_tag *tag)
{
	const struct agent_event e = { .kind = AGENT_UNSENT, .tag = *tag };

	world_event(w, &e);
	assert_int_equal(w->n, 0);
}

/* Member 6 of 6 leads, and has polled all others. */
static struct calls lead(struct world *w)
{
	struct calls c = calls_of(6);

	world_begin(w, 6, 6);
	world_elect(w);
	world_cycle(w);
	collect(w, &c, GROUP_POLL);
	return c;
}

static void polls_again_who_could_not_be(void **state)
{
	struct world *w = *state;
	struct calls c = lead(w);
	struct agent_tag stale = c.to[1].tag;
	struct mono retry;

	unsent(w, &c.to[4].tag);
	unsent(w, &c.to[2].tag);
	stale.cycle++;
	unsent(w, &stale);
	retry = agent_next(&w->agent, w->now);
	assert_true(mono_since(retry, w->now) > 0);
	assert_true(mono_since(retry, w->now) <= NS_PER_SEC);
	w->now = mono_add(w->now, NS_PER_SEC); /* a timeout later there is room again */
	assert_true(agent_next(&w->agent, w->now).ns <= w->now.ns);
	world_wake(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 2);
	assert_non_null(world_sent(w, GROUP_POLL, world_id(2)));
	assert_non_null(world_sent(w, GROUP_POLL, world_id(4)));
	assert_true(world_sent(w, GROUP_POLL, world_id(4))->poll.serial == 1);
	free_calls(&c);
}

static void polls_again_when_an_answer_has_made_room(void **state)
{
	struct world *w = *state;
	struct calls c = lead(w);

	unsent(w, &c.to[5].tag);
	world_silence(w, &c.to[1]);
	assert_int_equal(world_sends(w, GROUP_POLL), 1);
	assert_non_null(world_sent(w, GROUP_POLL, world_id(5)));
	free_calls(&c);
}

/* The cycle waits for those: it is decided with all of them. */
static void decides_when_all_could_be_polled(void **state)
{
	struct world *w = *state;
	struct calls c = lead(w);

	unsent(w, &c.to[1].tag);
	for (unsigned i = 2; i < 6; i++) {
		if (world_sends(w, GROUP_POLL) > 0) {
			collect(w, &c, GROUP_POLL);
		}
		world_silence(w, &c.to[i]);
	}
	assert_int_equal(c.sent[1], 2);
	assert_true(w->agent.counts.count[GROUP_COUNT_CYCLES] == 0);
	world_silence(w, &c.to[1]);
	world_wake(w);
	assert_true(w->agent.counts.count[GROUP_COUNT_CYCLES] == 1);
	free_calls(&c);
}

/* When there is room again it goes on as before, turn by turn. */
static void goes_on_at_once_after_a_retry(void **state)
{
	struct world *w = *state;
	struct agent_send other;
	struct agent_tag tag;

	world_begin(w, 100, 100);
	world_elect(w);
	world_cycle(w);
	tag = world_sent(w, GROUP_POLL, world_id(5))->tag;
	other = *world_sent(w, GROUP_POLL, world_id(6));
	unsent(w, &tag);
	assert_true(agent_next(&w->agent, w->now).ns > w->now.ns);
	w->now = mono_add(w->now, NS_PER_SEC / 4); /* sooner than it would have tried again */
	world_silence(w, &other);
	assert_int_equal(world_sends(w, GROUP_POLL), A_TURN);
	assert_non_null(world_sent(w, GROUP_POLL, tag.to));
	assert_true(agent_next(&w->agent, w->now).ns <= w->now.ns);
	world_wake(w);
	assert_int_equal(world_sends(w, GROUP_POLL), A_TURN);
}

/* Member 40 of 40 has measured all others: its first corrections go out. */
static void begin_corrections(struct world *w, struct calls *c)
{
	world_begin(w, 40, 40);
	world_elect(w);
	world_cycle(w);
	send_all(w, c, GROUP_POLL);
	for (unsigned i = 1; i < 40; i++) {
		struct agent_tag tag;

		world_polled(w, &c->to[i], 2 * NS_PER_MS, NS_PER_MS);
		tag = world_measure(w)->tag;
		for (int j = 0; j < 4; j++) {
			world_unmeasured(w, &tag);
		}
	}
	world_wake(w);
	memset(c->sent, 0, 41 * sizeof(*c->sent));
	collect(w, c, GROUP_ADJUST);
	assert_int_equal(world_sends(w, GROUP_ADJUST), A_TURN);
}

static void corrects_again_who_could_not_be(void **state)
{
	struct world *w = *state;
	struct calls c = calls_of(40);

	begin_corrections(w, &c);
	unsent(w, &c.to[30].tag);
	unsent(w, &c.to[1].tag);
	assert_true(agent_next(&w->agent, w->now).ns > w->now.ns);
	w->now = mono_add(w->now, NS_PER_SEC / 2);
	world_silence(w, &c.to[2]); /* makes room, half a second later */
	collect(w, &c, GROUP_ADJUST);
	for (int i = 0; i < 4 && w->corrections == 0; i++) {
		world_wake(w);
		collect(w, &c, GROUP_ADJUST);
	}
	assert_int_equal(w->corrections, 1);
	for (unsigned i = 1; i < 40; i++) {
		assert_int_equal(c.sent[i], i == 1 || i == 30 ? 2 : 1);
	}
	free_calls(&c);
}

/* The answer to a correction counts, also before the last ones are sent. */
static void notes_outcomes_as_they_come(void **state)
{
	struct world *w = *state;
	struct calls c = calls_of(40);
	struct agent_answer answer;

	begin_corrections(w, &c);
	answer = world_answer(w, &c.to[1]);
	answer.outcome = GROUP_STEPPED;
	world_answered(w, &answer);
	collect(w, &c, GROUP_ADJUST);
	for (int i = 0; i < 4 && w->corrections == 0; i++) {
		world_wake(w);
	}
	assert_int_equal(w->corrections, 1);
	assert_int_equal(world_status(w, 0, 1)->members[0].outcome, GROUP_STEPPED);
	answer = world_answer(w, &c.to[39]);
	answer.outcome = GROUP_REFUSED;
	assert_int_equal(world_status(w, 38, 1)->members[0].outcome, GROUP_UNANSWERED);
	world_answered(w, &answer);
	assert_int_equal(world_status(w, 38, 1)->members[0].outcome, GROUP_REFUSED);
	free_calls(&c);
}

/* The clock of the leader is set while it corrects the others: its own is left alone. */
static void does_not_correct_its_clock_if_set_meanwhile(void **state)
{
	struct world *w = *state;
	struct calls c = calls_of(40);

	begin_corrections(w, &c);
	w->clock.epoch++;
	for (int i = 0; i < 4; i++) {
		world_wake(w);
		assert_int_equal(w->corrections, 0);
	}
	assert_true(w->agent.counts.count[GROUP_COUNT_CLOCK_MOVED] == 1);
	assert_int_equal(world_status(w, 39, 1)->members[0].outcome, GROUP_REFUSED);
	free_calls(&c);
}

/* A lease may end between two turns. */
static void stops_correcting_after_its_lease(void **state)
{
	struct world *w = *state;
	struct calls c = calls_of(40);

	begin_corrections(w, &c);
	w->now = mono_add(w->agent.election.lease_from, WORLD_LEASE - WORLD_LEASE / 16);
	for (int i = 0; i < 4; i++) {
		world_wake(w);
		assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	}
	assert_int_equal(w->corrections, 0);
	free_calls(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(cycle_of_100, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(cycle_of_33, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(cycle_of_1024, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_with_each_answer, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(polls_again_who_could_not_be, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(polls_again_when_an_answer_has_made_room,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(decides_when_all_could_be_polled, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_at_once_after_a_retry, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(corrects_again_who_could_not_be, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(notes_outcomes_as_they_come, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_correct_its_clock_if_set_meanwhile,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(stops_correcting_after_its_lease, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
