/* SPDX-License-Identifier: BSD-3-Clause */
/* Corrections of a member's clock: by whom, when, how large, and whether slewed or stepped. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

#define TERM 5

/* How wrong a measurement without a delay may be. */
#define MARGIN (50 * NS_PER_US)

/* Member 1 of 3 follows 3. */
static void begin(struct world *w)
{
	world_begin(w, 1, 3);
	world_follow(w, 3, TERM);
}

/* The next ticket. */
static struct ticket_nonce ticket(struct world *w)
{
	const struct agent_reply *r = world_poll(w, 3, TERM, w->agent.election.polled + 1);

	assert_non_null(r);
	assert_false(r->poll.refused);
	return r->poll.nonce;
}

static enum group_outcome adjust(struct world *w, struct ticket_nonce nonce, dur_ns amount)
{
	const struct agent_reply *r = world_adjust(w, 3, nonce, amount);

	assert_non_null(r);
	assert_int_equal(r->proc, GROUP_ADJUST);
	assert_true(r->head.to == world_id(3) && r->head.from == w->agent.self);
	return r->outcome;
}

/* With a ticket of its own, long after the correction before. */
static enum group_outcome correct(struct world *w, dur_ns amount)
{
	w->now = mono_add(w->now, w->settings.cycle);
	return adjust(w, ticket(w), amount);
}

static uint64_t count(const struct world *w, enum group_count what)
{
	return w->agent.counts.count[what];
}

/* --- how --- */

/*
 * The first correction is slewed if a slew of 500 ppm makes it in 8 cycles, up to 128 ms. The slew
 * is spread over a cycle, if it can be.
 */
static void slews_or_steps(void **state)
{
	static const struct {
		dur_ns cycle, most;
	} cases[] = {
		{ 1 * NS_PER_SEC, 4 * NS_PER_MS },      { 10 * NS_PER_SEC, 40 * NS_PER_MS },
		{ 32 * NS_PER_SEC, 128 * NS_PER_MS },   { 33 * NS_PER_SEC, 128 * NS_PER_MS },
		{ 3600 * NS_PER_SEC, 128 * NS_PER_MS },
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		w->settings.cycle = cases[i].cycle;
		for (int sign = -1; sign <= 1; sign += 2) {
			const dur_ns most = sign * cases[i].most;
			const int64_t s = cases[i].cycle / NS_PER_SEC;
			const int64_t ppb = (most + sign * (s / 2)) / s;

			begin(w);
			assert_int_equal(correct(w, most), GROUP_SLEWED);
			assert_true(w->correct.correct.step == 0);
			assert_true(w->correct.correct.slew_ppb ==
				    (ppb > SERVO_MAX_PPB    ? SERVO_MAX_PPB
				     : ppb < -SERVO_MAX_PPB ? -SERVO_MAX_PPB
							    : ppb));
			assert_null(world_note(w, AGENT_NOTE_STEPPED));
			assert_true(count(w, GROUP_COUNT_CORRECTIONS) == 1);
			begin(w);
			/* Beyond what the measurement may be wrong by, too. */
			assert_int_equal(correct(w, most + sign * MARGIN), GROUP_SLEWED);
			begin(w);
			assert_int_equal(correct(w, most + sign * (MARGIN + 1)), GROUP_STEPPED);
			assert_true(w->correct.correct.step == most + sign * (MARGIN + 1));
			assert_true(w->correct.correct.slew_ppb == 0);
			assert_true(world_note(w, AGENT_NOTE_STEPPED)->duration ==
				    most + sign * (MARGIN + 1));
		}
	}
}

static void leaves_a_right_clock_alone(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_int_equal(correct(w, 0), GROUP_RIGHT);
	assert_true(w->correct.correct.step == 0 && w->correct.correct.slew_ppb == 0 &&
		    w->correct.correct.frequency_ppb == 0);
	assert_true(count(w, GROUP_COUNT_CORRECTIONS) == 1);
	assert_true(world_status(w, 0, 0)->corrected == 0);
}

static void tells_of_its_last_correction(void **state)
{
	struct world *w = *state;
	const struct group_status *s;

	begin(w);
	s = world_status(w, 0, 0);
	assert_true(s->corrected == -1 && s->correction == 0);
	assert_int_equal(correct(w, 3 * NS_PER_SEC), GROUP_STEPPED);
	w->now = mono_add(w->now, 17);
	s = world_status(w, 0, 0);
	assert_true(s->corrected == 17 && s->correction == 3 * NS_PER_SEC);
	assert_true(s->counts[GROUP_COUNT_CORRECTIONS] == 1);
}

/* --- what goes wrong --- */

static void says_that_it_could_not(void **state)
{
	struct world *w = *state;
	const struct agent_note *note;

	begin(w);
	w->correct_error = -EROFS;
	assert_int_equal(correct(w, 5 * NS_PER_MS), GROUP_REFUSED);
	note = world_note(w, AGENT_NOTE_UNCORRECTED);
	assert_non_null(note);
	assert_true(note->error == -EROFS && note->duration == 5 * NS_PER_MS);
	assert_int_equal(correct(w, 5 * NS_PER_SEC), GROUP_REFUSED);
	assert_non_null(world_note(w, AGENT_NOTE_UNCORRECTED));
	assert_null(world_note(w, AGENT_NOTE_STEPPED));
	assert_true(count(w, GROUP_COUNT_CORRECTIONS) == 0);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 0);
	assert_true(world_status(w, 0, 0)->corrected == -1);
	w->correct_error = 0;
	assert_int_equal(correct(w, 5 * NS_PER_MS), GROUP_SLEWED);
}

/* Somebody has set it between the look at it and the correction. */
static void refuses_a_clock_that_is_stale(void **state)
{
	struct world *w = *state;

	begin(w);
	w->correct_error = -ESTALE;
	assert_int_equal(correct(w, 5 * NS_PER_SEC), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 1);
	assert_true(member_id_of(&world_note(w, AGENT_NOTE_REFUSED)->at) == world_id(3));
	assert_null(world_note(w, AGENT_NOTE_UNCORRECTED));
	assert_null(world_note(w, AGENT_NOTE_STEPPED));
	assert_true(count(w, GROUP_COUNT_CORRECTIONS) == 0);
}

/* Or between the ticket and the correction. */
static void refuses_a_clock_that_was_set(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = ticket(w);
	w->clock.epoch++;
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 1);
	assert_int_equal(w->corrections, 0);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_REPLAYED) == 1); /* it is used up */
	w->now = mono_add(w->now, WORLD_CYCLE);
	assert_int_equal(adjust(w, ticket(w), NS_PER_MS), GROUP_SLEWED);
}

static void refuses_without_a_clock(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = ticket(w);
	w->clock.whole = false;
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_non_null(world_note(w, AGENT_NOTE_CLOCK_LOST));
	assert_int_equal(w->corrections, 0);
	assert_true(count(w, GROUP_COUNT_CLOCK_MOVED) == 0);
}

/* --- whose, and when --- */

static void corrects_once(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce, newer;

	begin(w);
	nonce = ticket(w);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_SLEWED);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_REPLAYED) == 1);
	assert_string_equal(world_note(w, AGENT_NOTE_REFUSED)->text,
			    ticket_verdict_text(TICKET_UNKNOWN));
	w->now = mono_add(w->now, WORLD_CYCLE);
	nonce = ticket(w);
	newer = ticket(w);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_REPLAYED) == 2);
	assert_int_equal(adjust(w, newer, NS_PER_MS), GROUP_SLEWED);
	assert_int_equal(w->corrections, 2);
}

static void obeys_its_leader_only(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = ticket(w);
	assert_int_equal(world_adjust(w, 2, nonce, NS_PER_MS)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_NOT_LEADER) == 1);
	world_follow(w, 2, TERM + 1);
	assert_int_equal(world_adjust(w, 3, nonce, NS_PER_MS)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_NOT_LEADER) == 2);
	assert_int_equal(w->corrections, 0);
}

static void refuses_corrections_of_old_terms(void **state)
{
	struct world *w = *state;
	struct group_adjust old = { .correction = NS_PER_MS };
	struct agent_call call = { .proc = GROUP_ADJUST, .adjust = &old };

	begin(w);
	old.nonce = ticket(w);
	call.head = world_head(w, world_id(3));
	world_follow(w, 3, TERM + 1);
	assert_int_equal(world_call(w, &call)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_OLD_TERM) == 1);
	/* Nor does the ticket of one term serve the next. */
	call.head.term = TERM + 1;
	assert_int_equal(world_call(w, &call)->outcome, GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_REPLAYED) == 1);
	assert_int_equal(w->corrections, 0);
}

static void refuses_late_corrections(void **state)
{
	struct world *w = *state;
	struct ticket_nonce nonce;

	begin(w);
	nonce = ticket(w);
	w->now = mono_add(w->now, WORLD_LEASE);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_LATE) == 1);
	nonce = ticket(w);
	w->now = mono_add(w->now, WORLD_LEASE - 1);
	assert_int_equal(adjust(w, nonce, NS_PER_MS), GROUP_SLEWED);
}

static void refuses_what_is_too_large(void **state)
{
	struct world *w = *state;

	w->settings.max_correction = 2 * NS_PER_SEC;
	begin(w);
	assert_int_equal(correct(w, 2 * NS_PER_SEC), GROUP_STEPPED);
	begin(w);
	assert_int_equal(correct(w, -2 * NS_PER_SEC), GROUP_STEPPED);
	assert_int_equal(correct(w, 2 * NS_PER_SEC + 1), GROUP_REFUSED);
	assert_int_equal(correct(w, -2 * NS_PER_SEC - 1), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_TOO_LARGE) == 2);
	assert_int_equal(w->corrections, 2);
}

/* Two are half a cycle apart, at least. */
static void refuses_what_is_too_soon(void **state)
{
	struct world *w = *state;

	begin(w);
	assert_int_equal(correct(w, NS_PER_MS), GROUP_SLEWED);
	w->now = mono_add(w->now, WORLD_CYCLE / 2 - 1);
	assert_int_equal(adjust(w, ticket(w), NS_PER_MS), GROUP_REFUSED);
	assert_true(count(w, GROUP_COUNT_LATE) == 1);
	w->now = mono_add(w->now, 1);
	assert_int_equal(adjust(w, ticket(w), NS_PER_MS), GROUP_SLEWED);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(slews_or_steps, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(leaves_a_right_clock_alone, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_of_its_last_correction, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_that_it_could_not, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_a_clock_that_is_stale, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_a_clock_that_was_set, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_without_a_clock, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(corrects_once, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(obeys_its_leader_only, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(refuses_corrections_of_old_terms, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_late_corrections, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_too_large, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(refuses_what_is_too_soon, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
