/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What must not last, nor come back: a loop without a pause, a call that nobody answers, an office
 * that is over, a search that has ended.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

/* Whatever it waits for: it is woken a few times a lease, and sleeps in between. */
static void assert_sleeps(struct world *w)
{
	assert_true(world_run(w, WORLD_LEASE, 20));
	assert_true(mono_since(agent_next(&w->agent, w->now), w->now) > 0);
}

static void sleeps_from_the_start(void **state)
{
	struct world *w = *state;
	const struct member_address named[] = { world_at(1), world_at(2), world_at(3) };

	w->settings.self = named[0];
	world_init(w, named, 3, NULL);
	world_wake(w);
	assert_sleeps(w);
	w->settings.discover = true;
	w->settings.watch = true;
	world_init(w, NULL, 0, NULL);
	world_wake(w);
	assert_sleeps(w);
}

/* Nor has it to wait for the election: what it begins with is saved at once, and it looks. */
static void begins_without_a_wait(void **state)
{
	struct world *w = *state;

	w->settings.discover = true;
	w->settings.self = world_at(1);
	world_init(w, NULL, 0, NULL);
	world_wake(w);
	assert_int_equal(w->saves, 1);
	assert_false(w->agent.election.unsaved);
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
	assert_int_equal(w->saves, 1);
}

static void sleeps_while_it_cannot_save(void **state)
{
	struct world *w = *state;

	w->settings.watch = true;
	world_begin(w, 3, 3);
	world_elect(w);
	world_keep(w);
	w->save_error = -ENOSPC;
	assert_int_equal(world_change(w, GROUP_LEAVE, 2), GROUP_NOT_SAVED);
	for (int i = 0; i < 10; i++) {
		assert_sleeps(w);
	}
}

/* It goes on when it can save again, with what it had put off. */
static void goes_on_when_it_can_save_again(void **state)
{
	struct world *w = *state;

	w->settings.discover = true;
	w->settings.self = world_at(1);
	w->save_error = -EIO;
	world_init(w, NULL, 0, NULL);
	assert_true(world_run(w, 20 * WORLD_LEASE, 400));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	w->save_error = 0;
	assert_true(world_run(w, 4 * WORLD_LEASE, 80));
	assert_true(world_count(w, AGENT_SEARCH) > 0);
}

/* --- an office that is over --- */

/* A member knows of a newer term, and says so in an answer. */
static void learn_of_term(struct world *w, uint64_t term)
{
	struct group_election news = {
		.message = world_message(w, ELECTION_HEARTBEAT_ANSWER, 1, term),
	};
	const struct agent_event e = {
		.kind = AGENT_ANSWER,
		.answer = {
			.tag = { .part = AGENT_PART_ELECTION, .to = world_id(1) },
			.proc = GROUP_ELECTION,
			.answered = true,
			.head = world_head(w, world_id(1)),
			.election = &news,
		},
	};

	news.message.serial = 0;
	world_event(w, &e);
	assert_true(w->agent.election.state.term == term);
}

/*
 * Those that were not polled yet would take it for the leader of the newer term, which it has not
 * been elected in.
 */
static void polls_nobody_in_a_term_that_it_does_not_lead(void **state)
{
	struct world *w = *state;
	const struct agent_event wake = { .kind = AGENT_WAKE };

	world_begin(w, 100, 100);
	world_elect(w);
	world_cycle(w);
	assert_int_equal(world_sends(w, GROUP_POLL), 32);
	learn_of_term(w, 7);
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
	for (int i = 0; i < 4; i++) {
		world_event(w, &wake);
		assert_int_equal(world_sends(w, GROUP_POLL), 0);
	}
}

static void polls_nobody_again_in_such_a_term(void **state)
{
	struct world *w = *state;
	struct agent_event unsent = { .kind = AGENT_UNSENT };

	world_begin(w, 3, 3);
	world_elect(w);
	world_cycle(w);
	unsent.tag = world_sent(w, GROUP_POLL, world_id(2))->tag;
	world_event(w, &unsent);
	learn_of_term(w, 7);
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
	world_pass(w, NS_PER_SEC);
	assert_int_equal(world_sends(w, GROUP_POLL), 0);
}

/* --- calls that a part waits for --- */

/* Member 3 of 3 leads, and has something unsaved; it tries again with its next heartbeat, in vain.
 */
static void fail_to_save(struct world *w)
{
	world_keep(w);
	w->save_error = -ENOSPC;
	assert_int_equal(world_change(w, GROUP_LEAVE, 2), GROUP_NOT_SAVED);
	w->now = w->agent.election.heartbeat_at;
}

static void measures_on_after_a_failure(void **state)
{
	struct world *w = *state;
	struct agent_send polls[2];
	struct agent_tag tags[4];
	size_t n = 0;

	world_begin(w, 3, 3);
	world_elect(w);
	world_cycle(w);
	polls[0] = *world_sent(w, GROUP_POLL, world_id(1));
	polls[1] = *world_sent(w, GROUP_POLL, world_id(2));
	fail_to_save(w);
	w->saves = 0;
	world_polled(w, &polls[1], 0, NS_PER_MS);
	assert_int_equal(w->saves, 1);
	for (size_t i = 0; i < w->n; i++) {
		if (w->log[i].kind == AGENT_MEASURE && n < 4) {
			tags[n++] = w->log[i].measure.tag;
		}
	}
	w->save_error = 0;
	for (size_t i = 0; i < n; i++) {
		world_unmeasured(w, &tags[i]);
	}
	world_silence(w, &polls[0]);
	world_elect(w);
	world_cycle(w); /* there is another one */
	assert_int_equal(world_sends(w, GROUP_POLL), 1);
}

/* It is let in at last, if it answers whenever it is asked. */
static enum group_answer join(struct world *w, unsigned member)
{
	const struct group_status there = { .lease = WORLD_LEASE };
	enum group_answer answer = GROUP_TRY_AGAIN;

	for (int i = 0; i < 5 && answer == GROUP_TRY_AGAIN; i++) {
		world_keep(w);
		answer = world_change(w, GROUP_JOIN, member);
		if (world_sent(w, GROUP_STATUS, world_id(member))) {
			const struct agent_send asked =
				*world_sent(w, GROUP_STATUS, world_id(member));

			world_tells(w, &asked, &there);
		}
	}
	return answer;
}

static void asks_newcomers_on_after_a_failure(void **state)
{
	struct world *w = *state;
	struct agent_send asked;

	world_begin(w, 3, 3);
	world_elect(w);
	world_keep(w);
	assert_int_equal(world_change(w, GROUP_JOIN, 9), GROUP_TRY_AGAIN);
	asked = *world_sent(w, GROUP_STATUS, world_id(9));
	fail_to_save(w);
	for (const struct agent_send *s = &asked; s; s = world_sent(w, GROUP_STATUS, world_id(9))) {
		asked = *s;
		world_silence(w, &asked);
	}
	w->save_error = 0;
	world_elect(w);
	world_pass(w, 2 * NS_PER_SEC + 1); /* its silence is forgotten */
	world_elect(w);
	assert_int_equal(join(w, 9), GROUP_DONE);
}

/*
 * An event can be told of a correction that could not be sent only after what came of that of the
 * leader's own clock, which is next.
 */
static void corrects_again_though_its_own_clock_is_corrected(void **state)
{
	struct world *w = *state;
	struct agent_event unsent = { .kind = AGENT_UNSENT };
	struct agent_send poll;
	size_t sent = 0;

	world_begin(w, 2, 2);
	world_elect(w);
	world_cycle(w);
	poll = *world_sent(w, GROUP_POLL, world_id(1));
	world_polled(w, &poll, 20 * NS_PER_MS, NS_PER_MS);
	const struct agent_tag tag = world_measure(w)->tag;
	for (int i = 0; i < 4; i++) {
		world_unmeasured(w, &tag);
	}
	world_wake(w);
	assert_int_equal(world_sends(w, GROUP_ADJUST), 1);
	unsent.tag = world_sent(w, GROUP_ADJUST, world_id(1))->tag;
	world_event(w, &unsent);
	for (int i = 0; i < 3; i++) {
		world_pass(w, NS_PER_SEC / 2);
		sent += world_sends(w, GROUP_ADJUST);
		world_keep(w);
		sent += world_sends(w, GROUP_ADJUST);
	}
	assert_int_equal(sent, 1);
}

/* --- a search that has ended --- */

/* An administrator has let it in meanwhile: from then on it asks about rivals. */
static void says_nothing_of_a_search_that_has_ended(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(1), world_id(2) };
	const struct agent_event searched = { .kind = AGENT_SEARCHED };
	struct voters all;
	struct election_message m;

	w->settings.discover = true;
	world_begin(w, 1, 0);
	world_wake(w);
	for (int i = 1; i < 4; i++) {
		w->now = agent_next(&w->agent, w->now);
		world_wake(w);
	}
	while (w->agent.finder.questions < 4) {
		w->now = agent_next(&w->agent, w->now);
		world_wake(w);
	}
	assert_int_equal(voters_make(&all, 1, 1, ids, 2), 0);
	m = world_message(w, ELECTION_VOTERS, 2, 1);
	m.serial = 0;
	m.stamp = all.stamp;
	m.voters = &all;
	assert_non_null(world_election(w, &m));
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_SEARCH_END), 1);
	world_event(w, &searched);
	assert_int_equal(w->n, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(sleeps_from_the_start, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(begins_without_a_wait, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(sleeps_while_it_cannot_save, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(goes_on_when_it_can_save_again, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(polls_nobody_in_a_term_that_it_does_not_lead,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(polls_nobody_again_in_such_a_term, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(measures_on_after_a_failure, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_newcomers_on_after_a_failure, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(corrects_again_though_its_own_clock_is_corrected,
						world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(says_nothing_of_a_search_that_has_ended,
						world_setup, world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
