/* SPDX-License-Identifier: BSD-3-Clause */
/* A member whose clock something else keeps, its leader, and what the others are told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/arith.h"
#include "tests/support/agent_world.h"

#define TERM 5

/* --- members ---------------------------------------------------------------------------------- */

/* Member 1 of 3 follows 3. */
static void follow(struct world *w)
{
	world_begin(w, 1, 3);
	world_follow(w, 3, TERM);
}

static struct group_poll_result polled(struct world *w)
{
	const struct agent_reply *r = world_poll(w, 3, TERM, w->agent.election.polled + 1);

	assert_non_null(r);
	assert_false(r->poll.refused);
	return r->poll;
}

/* The next correction, a cycle after the one before. */
static enum group_outcome corrected(struct world *w, dur_ns amount, struct group_time time)
{
	struct group_adjust adjust = { .correction = amount, .time = time };
	struct agent_call call = { .proc = GROUP_ADJUST, .adjust = &adjust };
	const struct agent_reply *r;

	w->now = mono_add(w->now, w->settings.cycle);
	adjust.nonce = polled(w).nonce;
	adjust.head = world_head(w, world_id(3));
	call.head = adjust.head;
	r = world_call(w, &call);
	assert_non_null(r);
	return r->outcome;
}

static void never_sets_the_clock_of_a_reference(void **state)
{
	const struct group_time time = { .by_reference = true, .max_error = NS_PER_MS };
	struct world *w = *state;
	const struct group_status *s;

	w->settings.reference = true;
	w->clock.max_error = 7;
	follow(w);
	assert_true(polled(w).report.reference);
	assert_int_equal(polled(w).report.max_error, 7);
	assert_false(polled(w).report.unsettled);
	for (int i = 0; i < 20; i++) {
		assert_int_equal(corrected(w, (i - 10) * NS_PER_SEC, time), GROUP_KEPT);
		w->clock.epoch += i == 10; /* it may even be stepped */
	}
	world_pass(w, 3600 * NS_PER_SEC);
	assert_int_equal(world_count(w, AGENT_CORRECT), 0);
	assert_int_equal(w->corrections, 0);
	w->clock.max_error = GROUP_UNKNOWN_ERROR;
	world_follow(w, 3, TERM);
	assert_int_equal(polled(w).report.max_error, GROUP_UNKNOWN_ERROR);
	s = world_status(w, 0, 0);
	assert_true(s->reference && s->follows && s->corrected == -1);
	assert_int_equal(s->max_error, GROUP_UNKNOWN_ERROR);
}

/* Until it has been right for a while; and again when somebody sets it. */
static void says_that_it_is_unsettled(void **state)
{
	const struct group_time time = { .max_error = GROUP_UNKNOWN_ERROR };
	struct world *w = *state;

	follow(w);
	for (int i = 0; i < 9; i++) {
		assert_true(polled(w).report.unsettled);
		(void)corrected(w, 0, time);
	}
	assert_false(polled(w).report.unsettled);
	w->clock.epoch++;
	assert_true(polled(w).report.unsettled);
}

static dur_ns error_of(struct world *w)
{
	return polled(w).report.max_error;
}

/* What it is told holds for the poll; the correction is on top; and then it grows. */
static void knows_how_wrong_its_clock_is(void **state)
{
	struct group_time time = { .by_reference = true,
				   .max_error = NS_PER_MS,
				   .drift_ppb = 1000 };
	struct world *w = *state;
	dur_ns error;

	follow(w);
	assert_int_equal(error_of(w), GROUP_UNKNOWN_ERROR);
	(void)corrected(w, 2000, time);
	assert_int_equal(error_of(w), NS_PER_MS + 2000);
	assert_true(polled(w).report.follows);
	w->now = mono_add(w->now, NS_PER_SEC);
	assert_int_equal(error_of(w), NS_PER_MS + 2000 + 501 * NS_PER_US);
	for (int i = 0; i < 20; i++) {
		(void)corrected(w, 0, time);
	}
	assert_int_equal(error_of(w), NS_PER_MS);
	w->now = mono_add(w->now, NS_PER_SEC);
	error = error_of(w) - NS_PER_MS;
	assert_true(error >= 16 * NS_PER_US && error < 20 * NS_PER_US);
	/* An island knows no better, and a worse claim changes nothing, ... */
	time.by_reference = false;
	time.max_error = 5 * NS_PER_MS;
	(void)corrected(w, 0, time);
	assert_true(error_of(w) > NS_PER_MS && error_of(w) < 2 * NS_PER_MS);
	assert_false(polled(w).report.follows);
	/* ... unless references contradict it. */
	time.afresh = true;
	(void)corrected(w, 0, time);
	assert_int_equal(error_of(w), 5 * NS_PER_MS);
	w->clock.epoch++;
	assert_int_equal(error_of(w), GROUP_UNKNOWN_ERROR);
}

/* A slew that goes on too long, as the process had no turn, moves the clock. */
static void an_overrun_is_no_secret(void **state)
{
	const struct group_time time = { .by_reference = true, .max_error = NS_PER_MS };
	struct world *w = *state;
	dur_ns before;

	follow(w);
	(void)corrected(w, NS_PER_MS, time);
	assert_true(w->agent.corrector.servo.slew_ppb == 100000);
	before = error_of(w);
	w->now = mono_add(w->now, w->settings.cycle + NS_PER_SEC / 10);
	world_follow(w, 3, TERM);
	assert_true(error_of(w) >= before + w->settings.cycle / 2000 + 10000);
}

static void says_what_the_time_is_made_of(void **state)
{
	struct group_time time = { .max_error = GROUP_UNKNOWN_ERROR };
	struct world *w = *state;

	follow(w);
	assert_int_equal(world_status(w, 0, 0)->source_for, -1);
	(void)corrected(w, 0, time);
	assert_null(world_note(w, AGENT_NOTE_SOURCE));
	assert_false(world_status(w, 0, 0)->follows);
	time.by_reference = true;
	(void)corrected(w, 0, time);
	assert_true(world_note(w, AGENT_NOTE_SOURCE)->number == 1);
	w->now = mono_add(w->now, 77);
	assert_true(world_status(w, 0, 0)->follows);
	assert_int_equal(world_status(w, 0, 0)->source_for, 77);
	time.by_reference = false;
	(void)corrected(w, 0, time);
	assert_true(world_note(w, AGENT_NOTE_SOURCE)->number == 0);
}

/* --- leaders ---------------------------------------------------------------------------------- */

static void no_burst(struct world *w)
{
	const struct agent_measure m = *world_measure(w);

	for (int i = 0; i < 4; i++) {
		world_unmeasured(w, &m.tag);
	}
}

/* A cycle of member 3, who leads 1, which is a reference at that offset, and 2, which is not. */
static struct group_adjust cycle(struct world *w, dur_ns reference, dur_ns other)
{
	struct agent_send to[2], adjust[2];

	world_cycle(w);
	to[0] = *world_sent(w, GROUP_POLL, world_id(1));
	to[1] = *world_sent(w, GROUP_POLL, world_id(2));
	w->report.reference = true;
	w->report.max_error = NS_PER_MS;
	world_polled(w, &to[0], reference, 100000);
	no_burst(w);
	w->report.reference = false;
	w->report.max_error = GROUP_UNKNOWN_ERROR;
	world_polled(w, &to[1], other, 100000);
	no_burst(w);
	world_turns(w);
	adjust[0] = *world_sent(w, GROUP_ADJUST, world_id(1));
	adjust[1] = *world_sent(w, GROUP_ADJUST, world_id(2));
	world_silence(w, &adjust[0]);
	world_silence(w, &adjust[1]);
	return adjust[1].adjust;
}

static void a_cold_group_is_sent_to_its_references(void **state)
{
	struct world *w = *state;
	struct group_adjust a;
	const struct group_status *s;

	world_begin(w, 3, 3);
	world_elect(w);
	a = cycle(w, 5 * NS_PER_SEC, NS_PER_SEC);
	assert_true(a.time.by_reference);
	assert_int_equal(a.correction, 4 * NS_PER_SEC);
	assert_int_equal(a.turn, 0);
	/* The reference's claim, its measurement's, and this member's own. */
	assert_true(a.time.max_error > NS_PER_MS + 100000 && a.time.max_error < 2 * NS_PER_MS);
	assert_int_equal(w->agent.corrector.correction, 5 * NS_PER_SEC);
	s = world_status(w, 0, GROUP_PAGE);
	assert_int_equal(s->members[0].part, GROUP_IS_REFERENCE);
	assert_int_equal(s->members[0].reference, GROUP_REFERENCE_FOLLOWED);
	assert_int_equal(s->members[0].correction, 0);
	assert_int_equal(s->members[1].reference, GROUP_REFERENCE_NONE);
	assert_true(s->follows && !s->reference);
}

/* One that has been right is turned, by and by. */
static void a_settled_group_is_turned(void **state)
{
	struct world *w = *state;
	struct group_adjust a;
	int64_t turn = 0;

	w->report.unsettled = false;
	world_begin(w, 3, 3);
	world_elect(w);
	for (unsigned i = 1; i < REFERENCES_LEAST + REFERENCES_CHANGE - 1; i++) {
		a = cycle(w, 10 * NS_PER_MS, 0);
		assert_false(a.time.by_reference);
		assert_true(a.turn == 0 && a.correction == 0);
	}
	for (int i = 0; i < 5; i++) {
		a = cycle(w, 10 * NS_PER_MS, 0);
		assert_true(a.time.by_reference);
		assert_int_equal(a.correction, 0);
		assert_true(a.turn > turn && a.turn - turn <= 2500000);
		assert_true(a.time.max_error > 11 * NS_PER_MS);
		turn = a.turn;
	}
}

/* What the others follow already goes on under a new leader. */
static void a_new_leader_goes_on(void **state)
{
	struct world *w = *state;

	w->report.unsettled = false;
	w->report.follows = true;
	world_begin(w, 3, 3);
	world_elect(w);
	assert_true(cycle(w, 0, 0).time.by_reference);
}

/* What this leader knew of references in an earlier term counts no more. */
static void a_term_begins_with_an_open_mind(void **state)
{
	struct world *w = *state;
	uint64_t term;

	w->report.unsettled = false;
	w->report.follows = true;
	world_begin(w, 3, 3);
	world_elect(w);
	assert_true(cycle(w, 10 * NS_PER_MS, 0).turn > 0);
	term = w->agent.election.state.term;
	w->report.follows = false;
	for (int i = 0; i < 30; i++) {
		world_pass(w, WORLD_LEASE / 8);
	}
	assert_false(election_may_act(&w->agent.election, w->now));
	world_elect(w);
	assert_true(w->agent.election.state.term > term);
	for (unsigned i = 1; i < REFERENCES_LEAST + REFERENCES_CHANGE - 1; i++) {
		const struct group_adjust a = cycle(w, 10 * NS_PER_MS, 0);

		assert_false(a.time.by_reference);
		assert_int_equal(a.turn, 0);
	}
	assert_true(cycle(w, 10 * NS_PER_MS, 0).time.by_reference);
}

static void what_is_too_far_away_is_left_out(void **state)
{
	struct world *w = *state;

	w->settings.max_correction = NS_PER_SEC;
	world_begin(w, 3, 3);
	world_elect(w);
	assert_false(cycle(w, 5 * NS_PER_SEC, 0).time.by_reference);
	assert_int_equal(world_status(w, 0, GROUP_PAGE)->members[0].reference,
			 GROUP_REFERENCE_TOO_LARGE);
}

/* Only when somebody has asked for that, and not because of one cycle. */
static void steps_if_asked(void **state)
{
	struct world *w = *state;
	dur_ns sent = 0;
	int cycles = 0;

	w->report.unsettled = false;
	w->report.follows = true;
	w->settings.reference_step = NS_PER_SEC;
	world_begin(w, 3, 3);
	world_elect(w);
	for (; cycles < 20 && sent == 0; cycles++) {
		sent = cycle(w, 2 * NS_PER_SEC, 0).correction;
	}
	assert_int_equal(cycles, 8);
	assert_int_equal(sent, 2 * NS_PER_SEC);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		TEST(never_sets_the_clock_of_a_reference),
		TEST(says_that_it_is_unsettled),
		TEST(knows_how_wrong_its_clock_is),
		TEST(an_overrun_is_no_secret),
		TEST(says_what_the_time_is_made_of),
		TEST(a_cold_group_is_sent_to_its_references),
		TEST(a_settled_group_is_turned),
		TEST(a_new_leader_goes_on),
		TEST(a_term_begins_with_an_open_mind),
		TEST(what_is_too_far_away_is_left_out),
		TEST(steps_if_asked),
	};

	return cmocka_run_group_tests_name("agent: references", tests, NULL, NULL);
}
