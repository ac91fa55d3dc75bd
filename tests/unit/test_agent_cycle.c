/* SPDX-License-Identifier: BSD-3-Clause */
/* A leader's cycle: polls, measurements, belief in them, and the corrections. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

/* Polls of member 3 to 1 and 2, kept as a test goes on. */
struct polls {
	struct agent_send to[2];
};

static struct polls next_polls(struct world *w)
{
	struct polls p;

	world_cycle(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 2);
	p.to[0] = *world_sent(w, GROUP_POLL, world_id(1));
	p.to[1] = *world_sent(w, GROUP_POLL, world_id(2));
	return p;
}

/* Member 3 of 3 leads, and has sent its polls. */
static struct polls lead(struct world *w)
{
	world_begin(w, 3, 3);
	world_elect(w);
	return next_polls(w);
}

/* The GET_TIMESTAMPS that have just been asked for are all in vain. */
static void no_burst(struct world *w)
{
	const struct agent_measure m = *world_measure(w);

	assert_int_equal(world_count(w, AGENT_MEASURE), 4);
	for (int i = 0; i < 4; i++) {
		world_unmeasured(w, &m.tag);
	}
}

static void answer(struct world *w, const struct agent_send *poll, dur_ns offset, dur_ns delay)
{
	world_polled(w, poll, offset, delay);
	no_burst(w);
}

/* The corrections go out, and nobody answers them. */
static void adjusted(struct world *w)
{
	struct agent_send s[2];

	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 2);
	s[0] = *world_sent(w, GROUP_ADJUST, world_id(1));
	s[1] = *world_sent(w, GROUP_ADJUST, world_id(2));
	world_silence(w, &s[0]);
	world_silence(w, &s[1]);
}

static const struct group_member_status *of(struct world *w, unsigned member)
{
	const struct group_status *s = world_status(w, 0, GROUP_PAGE);

	assert_true(s->members[member - 1].id == world_id(member));
	return &s->members[member - 1];
}

/* --- polls --- */

static void polls_all_others(void **state)
{
	struct world *w = *state;
	struct polls p = lead(w);
	struct agent_send first = p.to[0];
	struct ticket_nonce own;

	assert_true(first.poll.serial == 1 && p.to[1].poll.serial == 1);
	assert_memory_not_equal(&first.poll.once, &p.to[1].poll.once, sizeof(first.poll.once));
	assert_int_equal(first.tag.part, AGENT_PART_CYCLE);
	assert_true(first.tag.to == world_id(1) && member_id_of(&first.at) == world_id(1));
	assert_true(first.head.term == 1 && first.head.to == world_id(1));
	assert_true(first.head.from == world_id(3));
	assert_string_equal(first.head.group, WORLD_GROUP);
	assert_true(first.timeout == NS_PER_SEC);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
	answer(w, &p.to[0], 0, NS_PER_MS);
	answer(w, &p.to[1], 0, NS_PER_MS);
	adjusted(w);
	own = w->agent.cycle.own;
	p = next_polls(w);
	assert_memory_not_equal(&w->agent.cycle.own, &own, sizeof(own));
	assert_true(p.to[0].poll.serial == 2);
	assert_memory_not_equal(&first.poll.once, &p.to[0].poll.once, sizeof(first.poll.once));
}

/* A third of a cycle, but no more than a second. */
static void waits_for_answers_as_long_as_fits(void **state)
{
	struct world *w = *state;

	w->settings.cycle = 3 * NS_PER_SEC - 3;
	assert_true(lead(w).to[0].timeout == NS_PER_SEC - 1);
	w->settings.cycle = 4 * NS_PER_SEC - 1;
	assert_true(lead(w).to[0].timeout == NS_PER_SEC);
}

static void measures_who_has_answered(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	const struct agent_measure *m;

	world_polled(w, &p.to[0], 0, NS_PER_MS);
	assert_int_equal(world_count(w, AGENT_MEASURE), 4);
	m = world_measure(w);
	assert_true(m->tag.to == world_id(1) && member_id_of(&m->at) == world_id(1));
	assert_true(m->timeout == NS_PER_SEC);
	assert_int_equal(m->tag.part, AGENT_PART_CYCLE);
	assert_int_equal(world_count(w, AGENT_SEND), 0);
}

/* Each is told its own correction once all are in, and the leader's own clock comes last. */
static void corrects_all_clocks(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	const struct agent_send *s;
	struct ticket_nonce nonce = world_nonce(world_id(2));

	answer(w, &p.to[0], 10 * NS_PER_MS, NS_PER_MS);
	assert_int_equal(w->n, 0); /* the other is waited for */
	world_polled(w, &p.to[1], -4 * NS_PER_MS, NS_PER_MS);
	no_burst(w);
	world_turns(w);
	s = world_sent(w, GROUP_ADJUST, world_id(1));
	assert_non_null(s);
	assert_true(s->adjust.correction == -8 * NS_PER_MS);
	s = world_sent(w, GROUP_ADJUST, world_id(2));
	assert_non_null(s);
	assert_true(s->adjust.correction == 6 * NS_PER_MS);
	assert_memory_equal(&s->adjust.nonce, &nonce, sizeof(nonce));
	assert_true(s->timeout == NS_PER_SEC && s->tag.to == world_id(2) && s->head.term == 1);
	assert_int_equal(w->log[w->n - 1].kind, AGENT_CORRECT);
	assert_int_equal(w->corrections, 1);
	assert_true(w->correct.correct.slew_ppb == 200000 && w->correct.correct.step == 0);
	world_turns(w);
	assert_int_equal(w->n, 0);
}

static void tells_what_it_found(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	struct agent_send adjust[2];
	const struct group_status *s;
	struct agent_answer a;

	assert_true(world_status(w, 0, 0)->cycle_ended == -1);
	answer(w, &p.to[0], 10 * NS_PER_MS, NS_PER_MS);
	w->now = mono_add(w->now, 11);
	answer(w, &p.to[1], -4 * NS_PER_MS, 2 * NS_PER_MS);
	world_turns(w);
	adjust[0] = *world_sent(w, GROUP_ADJUST, world_id(1));
	adjust[1] = *world_sent(w, GROUP_ADJUST, world_id(2));
	w->now = mono_add(w->now, 13);
	a = world_answer(w, &adjust[0]);
	a.outcome = GROUP_STEPPED;
	world_answered(w, &a);
	s = world_status(w, 0, GROUP_PAGE);
	assert_true(s->cycle_ended == 13 && s->cycle_took == 11);
	assert_true(s->mean == 2 * NS_PER_MS && s->used == 3);
	assert_true(s->counts[GROUP_COUNT_CYCLES] == 1);
	assert_true(s->corrected == 13 && s->correction == 2 * NS_PER_MS);
	assert_int_equal(s->members[0].outcome, GROUP_STEPPED);
	assert_int_equal(s->members[1].outcome, GROUP_UNANSWERED);
	assert_int_equal(s->members[2].outcome, GROUP_SLEWED);
	assert_int_equal(s->members[0].part, GROUP_IN_MEAN);
	assert_true(s->members[0].offset == 10 * NS_PER_MS && s->members[0].delay == NS_PER_MS);
	assert_true(s->members[0].correction == -8 * NS_PER_MS);
	assert_true(s->members[1].delay == 2 * NS_PER_MS);
	assert_true(s->members[2].correction == 2 * NS_PER_MS && s->members[2].heard == 0);
	world_silence(w, &adjust[1]);
	assert_int_equal(of(w, 2)->outcome, GROUP_UNANSWERED);
}

/* Until all answers to its corrections are in, or late, no other cycle begins. */
static void begins_when_the_last_one_is_over(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	struct agent_send adjust[2];

	answer(w, &p.to[0], 10 * NS_PER_MS, NS_PER_MS);
	answer(w, &p.to[1], 0, NS_PER_MS);
	world_turns(w);
	adjust[0] = *world_sent(w, GROUP_ADJUST, world_id(1));
	adjust[1] = *world_sent(w, GROUP_ADJUST, world_id(2));
	for (dur_ns t = 0; t < 2 * WORLD_CYCLE; t += WORLD_LEASE / 6) {
		world_keep(w);
		world_pass(w, WORLD_LEASE / 6);
		assert_int_equal(world_sends(w, GROUP_POLL), 0);
	}
	assert_true(mono_since(agent_next(&w->agent, w->now), w->now) > 0);
	world_silence(w, &adjust[0]);
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
	assert_true(mono_since(agent_next(&w->agent, w->now), w->now) > 0);
	world_silence(w, &adjust[1]);
	assert_int_equal(world_sends(w, GROUP_POLL), 2);
}

/* Heartbeats are answered meanwhile, up to that instant. */
static void lead_until(struct world *w, struct mono end)
{
	while (mono_since(end, w->now) > 0) {
		const dur_ns left = mono_since(end, w->now);

		world_keep(w);
		world_pass(w, left < WORLD_LEASE / 6 ? left : WORLD_LEASE / 6);
	}
}

static void begins_one_each_cycle(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	const struct mono began = w->now;

	w->now = mono_add(w->now, NS_PER_SEC); /* that it takes is no part of the pause */
	world_silence(w, &p.to[0]);
	world_silence(w, &p.to[1]);
	world_turns(w);
	assert_true(w->agent.counts.count[GROUP_COUNT_CYCLES] == 1);
	lead_until(w, mono_add(began, WORLD_CYCLE - 1));
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
	assert_true(agent_next(&w->agent, w->now).ns <= began.ns + WORLD_CYCLE);
	world_pass(w, 1);
	assert_int_equal(world_sends(w, GROUP_POLL), 2);
}

/* It sleeps until the next one, if the election lets it. */
static void wakes_for_the_next_one(void **state)
{
	struct world *w = *state;
	struct agent_send poll;
	struct mono began;

	w->settings.lease = 600 * NS_PER_SEC;
	world_begin(w, 2, 2);
	world_elect(w);
	w->now = w->agent.cycle.at;
	world_wake(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 1);
	poll = *world_sent(w, GROUP_POLL, MEMBER_NONE);
	began = w->now;
	w->now = mono_add(w->now, NS_PER_SEC);
	world_silence(w, &poll);
	world_turns(w);
	assert_true(w->agent.counts.count[GROUP_COUNT_CYCLES] == 1);
	assert_true(mono_since(agent_next(&w->agent, w->now), began) == WORLD_CYCLE);
}

/* --- answers --- */

static void goes_on_without_the_silent(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);

	answer(w, &p.to[0], 10 * NS_PER_MS, NS_PER_MS);
	world_silence(w, &p.to[1]);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 1);
	assert_true(world_sent(w, GROUP_ADJUST, world_id(1))->adjust.correction == -5 * NS_PER_MS);
	assert_int_equal(of(w, 2)->part, GROUP_NO_ANSWER);
	assert_int_equal(of(w, 2)->outcome, GROUP_NOT_SENT);
	assert_true(of(w, 2)->heard != 0);
	assert_int_equal(world_status(w, 0, 0)->used, 2);
}

static struct agent_answer polled(struct world *w, const struct agent_send *poll,
				  struct group_poll_result *r)
{
	struct agent_answer a = world_answer(w, poll);

	*r = (struct group_poll_result){ .ts2 = 1000, .ts3 = 1001 };
	a.poll = r;
	a.departed = 500;
	a.arrived = 1501;
	return a;
}

/* From another, to another, of another group, or of a cycle that is over: no such answer. */
static void refuses_answers_that_are_not_its(void **state)
{
	struct world *w = *state;
	struct polls p = lead(w);
	struct group_poll_result r;
	const struct agent_answer good = polled(w, &p.to[0], &r);

	for (int i = 0; i < 3; i++) {
		struct agent_answer bad = good;

		if (i > 0) {
			p = next_polls(w);
			bad = polled(w, &p.to[0], &r);
		}
		bad.head.from = i == 0 ? world_id(2) : bad.head.from;
		bad.head.to = i == 1 ? world_id(2) : bad.head.to;
		bad.head.term = 9; /* whatever that is: the tag tells to what it is */
		bad.head.group[0] = i == 2 ? 'x' : 'l';
		world_answered(w, &bad);
		assert_int_equal(world_count(w, AGENT_MEASURE), 0);
		assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == (uint64_t)i + 1);
		world_silence(w, &p.to[1]);
		world_turns(w); /* with nobody, the cycle comes to its end */
		assert_int_equal(of(w, 1)->part, GROUP_NO_ANSWER);
	}
}

static void ignores_answers_of_another_cycle(void **state)
{
	struct world *w = *state;
	struct polls p = lead(w);
	struct group_poll_result r;
	struct agent_answer stale = polled(w, &p.to[0], &r);
	struct agent_measure m;

	stale.tag.cycle++;
	world_answered(w, &stale);
	stale.tag.cycle -= 2;
	world_answered(w, &stale);
	assert_int_equal(world_count(w, AGENT_MEASURE), 0);
	stale.answered = false;
	world_answered(w, &stale);
	answer(w, &p.to[1], 0, NS_PER_MS);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0); /* member 1 is waited for */
	world_polled(w, &p.to[0], 0, NS_PER_MS);
	m = *world_measure(w);
	m.tag.cycle++;
	for (int i = 0; i < 8; i++) {
		world_measured(w, &m, 0, NS_PER_US);
	}
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	m.tag.cycle--;
	for (int i = 0; i < 4; i++) {
		world_unmeasured(w, &m.tag);
	}
	world_turns(w);
	assert_true(of(w, 1)->delay == NS_PER_MS);
}

/* Its clock went back while it answered, or the leader's: that says nothing. */
static void ignores_impossible_answers(void **state)
{
	struct world *w = *state;
	struct polls p = lead(w);
	struct group_poll_result r;
	struct agent_answer a = polled(w, &p.to[0], &r);

	r.ts3 = r.ts2 - 1;
	world_answered(w, &a);
	assert_int_equal(world_count(w, AGENT_MEASURE), 0);
	a = polled(w, &p.to[1], &r);
	a.arrived = a.departed; /* less than it took */
	world_answered(w, &a);
	assert_int_equal(world_count(w, AGENT_MEASURE), 0);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	assert_int_equal(of(w, 1)->part, GROUP_NO_ANSWER);
	assert_int_equal(world_status(w, 0, 0)->used, 1);
}

/* A member that knows of a newer term says so, and ends that of the leader. */
static void takes_refusals_to_heart(void **state)
{
	struct world *w = *state;
	struct polls p = lead(w);
	struct group_poll_result r;
	struct agent_answer a = polled(w, &p.to[0], &r);

	r.refused = true;
	r.refusal = world_message(w, ELECTION_HEARTBEAT_ANSWER, 1, 7);
	r.refusal.serial = 0;
	r.refusal.verdict = ELECTION_OLD_TERM;
	world_answered(w, &a);
	assert_true(w->agent.election.state.term == 7);
	assert_int_equal(w->agent.election.role, ELECTION_FOLLOWER);
	assert_int_equal(world_count(w, AGENT_MEASURE), 0);
	world_polled(w, &p.to[1], 0, NS_PER_MS);
	no_burst(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0); /* it must not any more */
	assert_int_equal(w->corrections, 0);
}

/* --- belief --- */

/* What a poll with a delay of 10 ms, served for 100 us, bounds with what clocks drift meanwhile. */
#define AUTHENTIC_DELAY (10 * NS_PER_MS)
#define AUTHENTIC_BOUND (5 * NS_PER_MS + 2525 * NS_PER_US)
/* And what a measurement of 1 ms does. */
#define FINE_DELAY NS_PER_MS
#define FINE_BOUND (500 * NS_PER_US + 275 * NS_PER_US)

/* What member 1's offset is taken for, after an authentic 20 ms and that measurement. */
static const struct group_member_status *believed(struct world *w, dur_ns offset, dur_ns delay)
{
	const struct polls p = lead(w);
	struct agent_measure m;

	world_polled(w, &p.to[0], 20 * NS_PER_MS, AUTHENTIC_DELAY);
	m = *world_measure(w);
	world_measured(w, &m, offset, delay);
	for (int i = 0; i < 3; i++) {
		world_unmeasured(w, &m.tag);
	}
	world_silence(w, &p.to[1]);
	world_turns(w);
	return of(w, 1);
}

static void believes_a_quicker_measurement(void **state)
{
	struct world *w = *state;
	const struct group_member_status *s = believed(w, 22 * NS_PER_MS, FINE_DELAY);

	assert_true(s->offset == 22 * NS_PER_MS && s->delay == FINE_DELAY);
	assert_true(s->correction == -11 * NS_PER_MS);
}

static void believes_no_slower_one(void **state)
{
	struct world *w = *state;
	const struct group_member_status *s = believed(w, 22 * NS_PER_MS, AUTHENTIC_DELAY);

	assert_true(s->offset == 20 * NS_PER_MS && s->delay == AUTHENTIC_DELAY);
	s = believed(w, 22 * NS_PER_MS, AUTHENTIC_DELAY - 2);
	assert_true(s->offset == 22 * NS_PER_MS && s->delay == AUTHENTIC_DELAY - 2);
}

/* It has no MAC: it is believed as far as it agrees with the one that has, within both bounds. */
static void believes_what_is_authentically_possible(void **state)
{
	struct world *w = *state;
	const dur_ns most = AUTHENTIC_BOUND + FINE_BOUND;

	for (int sign = -1; sign <= 1; sign += 2) {
		const dur_ns edge = 20 * NS_PER_MS + sign * most;

		assert_true(believed(w, edge, FINE_DELAY)->offset == edge);
		assert_true(believed(w, edge + sign, FINE_DELAY)->offset == 20 * NS_PER_MS);
	}
}

static void takes_the_quickest_of_a_burst(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	static const dur_ns delays[4] = { 6000, 2000, 4000, 2000 };
	struct agent_measure m;

	world_polled(w, &p.to[0], 0, NS_PER_MS);
	m = *world_measure(w);
	for (int i = 0; i < 4; i++) {
		world_measured(w, &m, 100 + i, delays[i]);
	}
	world_silence(w, &p.to[1]);
	world_turns(w);
	assert_true(of(w, 1)->offset == 101 && of(w, 1)->delay == 2000);
}

/* A member that has not answered authentically is not measured, whatever comes. */
static void believes_nothing_without_a_mac(void **state)
{
	struct world *w = *state;
	const struct polls p = lead(w);
	const struct agent_measure m = { .tag = p.to[0].tag, .at = p.to[0].at };

	world_measured(w, &m, 5, 0);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	world_silence(w, &p.to[1]);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	assert_true(of(w, 1)->offset == 0 && of(w, 1)->part == GROUP_NO_ANSWER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(polls_all_others, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(waits_for_answers_as_long_as_fits, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(measures_who_has_answered, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(corrects_all_clocks, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(tells_what_it_found, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(begins_when_the_last_one_is_over, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(begins_one_each_cycle, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(wakes_for_the_next_one, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_without_the_silent, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_answers_that_are_not_its, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(ignores_answers_of_another_cycle, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(ignores_impossible_answers, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(takes_refusals_to_heart, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_a_quicker_measurement, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_no_slower_one, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_what_is_authentically_possible,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(takes_the_quickest_of_a_burst, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(believes_nothing_without_a_mac, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
