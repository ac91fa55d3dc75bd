/* SPDX-License-Identifier: BSD-3-Clause */
/* What ends a leader's cycle early, and what becomes of its own clock. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

/* Member 2 of 2 leads, and has polled member 1. */
static struct agent_send lead(struct world *w)
{
	world_begin(w, 2, 2);
	world_elect(w);
	world_cycle(w);
	return *world_sent(w, GROUP_POLL, world_id(1));
}

/* Member 1 answers, and there is nothing finer; then it is decided. */
static void answer(struct world *w, const struct agent_send *poll, dur_ns offset, dur_ns delay)
{
	struct agent_tag tag;

	world_polled(w, poll, offset, delay);
	tag = world_measure(w)->tag;
	for (int i = 0; i < 4; i++) {
		world_unmeasured(w, &tag);
	}
}

static const struct group_member_status *of(struct world *w, unsigned member)
{
	return &world_status(w, 0, GROUP_PAGE)->members[member - 1];
}

static uint64_t count(const struct world *w, enum group_count what)
{
	return w->agent.counts.count[what];
}

/* It sends no correction, and begins again a cycle after it began. */
static void assert_given_up(struct world *w)
{
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	assert_int_equal(w->corrections, 0);
	assert_true(count(w, GROUP_COUNT_CYCLES) == 0);
	assert_true(world_status(w, 0, 0)->cycle_ended == -1);
}

/* --- given up --- */

static void gives_up_when_its_clock_was_set(void **state)
{
	struct world *w = *state;
	struct agent_send poll = lead(w);

	world_polled(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	w->clock.epoch++;
	const struct agent_tag tag = world_measure(w)->tag;
	for (int i = 0; i < 4; i++) {
		assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 0);
		world_unmeasured(w, &tag);
	}
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 1);
	assert_true(member_id_of(&world_note(w, AGENT_NOTE_REFUSED)->at) == world_id(2));
	assert_given_up(w);
	world_cycle(w); /* the next one is good */
	poll = *world_sent(w, GROUP_POLL, world_id(1));
	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 1);
}

static void gives_up_without_a_clock(void **state)
{
	struct world *w = *state;
	const struct agent_send poll = lead(w);

	w->clock.whole = false;
	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	assert_non_null(world_note(w, AGENT_NOTE_CLOCK_LOST));
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 0);
	assert_given_up(w);
}

static void gives_up_when_its_lease_is_over(void **state)
{
	struct world *w = *state;
	const struct agent_send poll = lead(w);

	w->now = mono_add(w->agent.election.lease_from, WORLD_LEASE - WORLD_LEASE / 16);
	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	assert_given_up(w);
}

static void goes_on_to_the_end_of_its_lease(void **state)
{
	struct world *w = *state;
	const struct agent_send poll = lead(w);

	w->now = mono_add(w->agent.election.lease_from, WORLD_LEASE - WORLD_LEASE / 16 - 1);
	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 1);
}

/* Decided, but before the corrections are sent the lease ends. */
static void sends_nothing_after_its_lease(void **state)
{
	struct world *w = *state;
	const struct agent_send poll = lead(w);

	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	w->now = mono_add(w->agent.election.lease_from, WORLD_LEASE - WORLD_LEASE / 16);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	assert_int_equal(w->corrections, 0);
	assert_int_equal(of(w, 1)->outcome, GROUP_NOT_SENT);
	assert_int_equal(of(w, 2)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_NOT_LEADER) == 1);
}

static void says_that_it_cannot_decide(void **state)
{
	struct world *w = *state;

	w->settings.tolerance = -1;
	const struct agent_send poll = lead(w);
	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	assert_non_null(world_note(w, AGENT_NOTE_UNDECIDED));
	assert_given_up(w);
}

/* --- no clock when a cycle is due --- */

static void leaves_the_office_without_a_clock(void **state)
{
	struct world *w = *state;
	struct mono lost;

	world_begin(w, 2, 2);
	world_elect(w);
	w->clock.whole = false;
	while (!world_says(w, ELECTION_RESIGN)) {
		assert_true(count(w, GROUP_COUNT_CYCLES) == 0);
		assert_int_equal(w->agent.election.role, ELECTION_LEADER);
		world_keep(w);
		world_pass(w, WORLD_LEASE / 6);
		assert_int_equal(world_sends(w, GROUP_POLL), 0);
	}
	assert_true(world_says(w, ELECTION_RESIGN)->election.message.successor == world_id(1));
	assert_non_null(world_note(w, AGENT_NOTE_CLOCK_LOST));
	/* It does not stand until a lease after its next look at the clock. */
	lost = w->now;
	assert_true(mono_since(w->agent.election.passive_until, lost) == WORLD_CYCLE + WORLD_LEASE);
	w->clock.whole = true;
	assert_true(world_run(w, WORLD_CYCLE + WORLD_LEASE - 1, 1000));
	assert_null(world_says(w, ELECTION_PROBE));
	assert_true(world_run(w, 2 * WORLD_LEASE, 1000));
	assert_non_null(world_says(w, ELECTION_PROBE));
}

static void followers_without_a_clock_do_not_stand(void **state)
{
	struct world *w = *state;

	world_begin(w, 2, 2);
	w->clock.whole = false;
	assert_true(world_run(w, 10 * WORLD_CYCLE, 1000));
	assert_null(world_says(w, ELECTION_VOTE));
	assert_int_equal(w->agent.election.role, ELECTION_FOLLOWER);
}

/* --- whose clocks count --- */

static void tells_clocks_that_are_too_far_off(void **state)
{
	struct world *w = *state;
	struct agent_send poll;

	w->settings.tolerance = NS_PER_SEC;
	w->settings.max_correction = 100 * NS_PER_SEC;
	poll = lead(w);
	answer(w, &poll, 60 * NS_PER_SEC, NS_PER_MS);
	world_turns(w);
	assert_true(world_sent(w, GROUP_ADJUST, world_id(1))->adjust.correction ==
		    -60 * NS_PER_SEC);
	assert_int_equal(of(w, 1)->part, GROUP_TOO_FAR);
	assert_int_equal(of(w, 2)->part, GROUP_IN_MEAN);
	assert_int_equal(of(w, 2)->outcome, GROUP_RIGHT);
	assert_int_equal(world_status(w, 0, 0)->used, 1);
}

/* It is told nothing, and that is logged and counted. */
static void leaves_alone_what_needs_too_much(void **state)
{
	struct world *w = *state;
	struct agent_send poll;
	const struct agent_note *note;

	w->settings.tolerance = NS_PER_SEC;
	w->settings.max_correction = 10 * NS_PER_SEC;
	poll = lead(w);
	answer(w, &poll, 10 * NS_PER_SEC + 1, NS_PER_MS);
	note = world_note(w, AGENT_NOTE_REFUSED);
	assert_non_null(note);
	assert_non_null(strstr(note->text, "--max-correction"));
	assert_true(member_id_of(&note->at) == world_id(1));
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 0);
	assert_int_equal(of(w, 1)->part, GROUP_TOO_LARGE);
	assert_int_equal(of(w, 1)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_TOO_LARGE) == 1);
	assert_true(count(w, GROUP_COUNT_CYCLES) == 1);
}

/*
 * A clock that cannot be measured to within the largest error: half the delay, and what the clocks
 * drift in 10.1 ms.
 */
static void tells_clocks_that_are_too_vague(void **state)
{
	struct world *w = *state;
	struct agent_send poll;

	w->settings.max_error = 5 * NS_PER_MS + 2525 * NS_PER_US - 1; /* 1 ns short */
	poll = lead(w);
	answer(w, &poll, 0, 10 * NS_PER_MS);
	world_turns(w);
	assert_int_equal(of(w, 1)->part, GROUP_TOO_VAGUE);
	w->settings.max_error++;
	poll = lead(w);
	answer(w, &poll, 0, 10 * NS_PER_MS);
	world_turns(w);
	assert_int_equal(of(w, 1)->part, GROUP_IN_MEAN);
}

/* One that was removed meanwhile is told nothing. */
static void leaves_out_who_was_removed(void **state)
{
	struct world *w = *state;
	struct agent_send polls[2];

	world_begin(w, 3, 3);
	world_elect(w);
	world_cycle(w);
	polls[0] = *world_sent(w, GROUP_POLL, world_id(1));
	polls[1] = *world_sent(w, GROUP_POLL, world_id(2));
	world_keep(w);
	answer(w, &polls[0], 20 * NS_PER_MS, NS_PER_MS);
	assert_int_equal(world_change(w, GROUP_LEAVE, 1), GROUP_DONE);
	world_keep(w);
	answer(w, &polls[1], 0, NS_PER_MS);
	world_turns(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 1);
	assert_non_null(world_sent(w, GROUP_ADJUST, world_id(2)));
	/* Two clocks agree. */
	assert_true(w->correct.correct.step == 0 && w->correct.correct.slew_ppb == 0);
}

/* --- its own clock --- */

static void own_clock(struct world *w, int error, dur_ns offset)
{
	const struct agent_send poll = lead(w);

	w->correct_error = error;
	answer(w, &poll, 2 * offset, NS_PER_MS);
	world_turns(w);
	assert_true(w->agent.corrector.amount == offset);
	assert_null(world_reply(w)); /* nobody has asked */
	assert_true(count(w, GROUP_COUNT_CYCLES) == 1);
}

static void notes_what_became_of_its_own_clock(void **state)
{
	struct world *w = *state;

	own_clock(w, 0, 10 * NS_PER_MS);
	assert_int_equal(of(w, 2)->outcome, GROUP_SLEWED);
	own_clock(w, 0, -10 * NS_PER_SEC);
	assert_int_equal(of(w, 2)->outcome, GROUP_STEPPED);
	own_clock(w, -EIO, 10 * NS_PER_MS);
	assert_int_equal(of(w, 2)->outcome, GROUP_REFUSED);
	assert_non_null(world_status(w, 0, 0));
	own_clock(w, -ESTALE, 10 * NS_PER_MS);
	assert_int_equal(of(w, 2)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 1);
}

/* Between the decision and the correction. */
static void does_not_correct_its_clock_if_set(void **state)
{
	struct world *w = *state;
	const struct agent_send poll = lead(w);

	answer(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	w->clock.epoch++;
	world_turns(w);
	assert_int_equal(w->corrections, 0);
	assert_int_equal(of(w, 2)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 1);
	assert_true(count(w, GROUP_COUNT_CYCLES) == 1);
}

/* A correction by another is answered to that one, after its own of a cycle before. */
static void answers_who_corrects_it_later(void **state)
{
	struct world *w = *state;
	const struct agent_reply *r;

	own_clock(w, 0, 10 * NS_PER_MS);
	w->now = mono_add(w->now, WORLD_CYCLE);
	r = world_poll(w, 1, 9, 1);
	assert_non_null(r);
	r = world_adjust(w, 1, r->poll.nonce, 5 * NS_PER_MS); /* the rest */
	assert_non_null(r);
	assert_int_equal(r->outcome, GROUP_SLEWED);
	assert_true(r->head.to == world_id(1));
	assert_true(count(w, GROUP_COUNT_CYCLES) == 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(gives_up_when_its_clock_was_set, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(gives_up_without_a_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(gives_up_when_its_lease_is_over, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_to_the_end_of_its_lease, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(sends_nothing_after_its_lease, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_that_it_cannot_decide, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leaves_the_office_without_a_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(followers_without_a_clock_do_not_stand, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_clocks_that_are_too_far_off, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leaves_alone_what_needs_too_much, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_clocks_that_are_too_vague, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leaves_out_who_was_removed, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(notes_what_became_of_its_own_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_correct_its_clock_if_set, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(answers_who_corrects_it_later, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
