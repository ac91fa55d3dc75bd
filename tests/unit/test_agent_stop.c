/* SPDX-License-Identifier: BSD-3-Clause */
/* How an agent leaves, and what it says of itself and of the others. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"

static bool stop(struct world *w)
{
	const struct agent_event e = { .kind = AGENT_STOP };

	world_event(w, &e);
	return world_count(w, AGENT_END) > 0;
}

/* --- leaving --- */

static void followers_leave_at_once(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	assert_true(stop(w));
	assert_int_equal(w->log[w->n - 1].kind, AGENT_END);
	world_begin(w, 1, 3); /* one without a leader as well */
	assert_true(stop(w));
	assert_int_equal(world_count(w, AGENT_SEND), 0);
}

static void leaders_hand_over(void **state)
{
	struct world *w = *state;
	const struct agent_send *s;

	world_begin(w, 3, 3);
	world_elect(w);
	assert_false(stop(w));
	s = world_says(w, ELECTION_RESIGN);
	assert_non_null(s);
	assert_true(s->tag.to == MEMBER_NONE);
	assert_true(s->election.message.successor == world_id(1)); /* which has answered */
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_END), 0);
	world_follow(w, 1, 2); /* it leads now */
	assert_int_equal(world_count(w, AGENT_END), 1);
}

/* A second at most; and it is woken for that. */
static void leaders_wait_for_a_second(void **state)
{
	struct world *w = *state;
	struct mono asked;

	world_begin(w, 3, 3);
	world_elect(w);
	asked = w->now;
	assert_false(stop(w));
	w->now = mono_add(w->now, NS_PER_SEC - 1);
	assert_false(stop(w)); /* to ask again changes nothing */
	assert_null(world_says(w, ELECTION_RESIGN));
	assert_true(agent_next(&w->agent, w->now).ns <= asked.ns + NS_PER_SEC);
	world_pass(w, 1);
	assert_int_equal(world_count(w, AGENT_END), 1);
}

static void a_leader_alone_ends_at_once(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 1);
	world_elect(w);
	assert_true(stop(w));
}

static void leaves_though_it_cannot_save(void **state)
{
	struct world *w = *state;
	const struct member_address named[] = { world_at(1), world_at(2) };

	w->settings.self = named[0];
	w->save_error = -ENOSPC;
	world_init(w, named, 2, NULL);
	world_wake(w);
	assert_true(stop(w));
}

/* It polls nobody any more, and never leads again. */
static void leads_nobody_while_it_leaves(void **state)
{
	struct world *w = *state;

	world_begin(w, 2, 2);
	world_elect(w);
	assert_false(stop(w));
	for (int i = 0; i < 100; i++) {
		world_pass(w, WORLD_LEASE / 3);
		assert_int_equal(world_sends(w, GROUP_POLL), 0);
		assert_null(world_says(w, ELECTION_PROBE));
		assert_null(world_says(w, ELECTION_VOTE));
	}
}

/* Its last second is long enough for a cycle to be due: there is none. */
static void begins_no_cycle_while_it_leaves(void **state)
{
	struct world *w = *state;

	w->settings.cycle = NS_PER_SEC;
	world_begin(w, 1, 1);
	world_elect(w);
	(void)stop(w);
	w->agent.election.role = ELECTION_LEADER; /* even if it led */
	world_pass(w, NS_PER_SEC);
	assert_true(w->agent.counts.count[GROUP_COUNT_CYCLES] == 0);
}

/* What it has been asked before it ends it does as ever. */
static void is_corrected_to_the_last(void **state)
{
	struct world *w = *state;
	const struct agent_reply *r;
	struct ticket_nonce nonce;

	world_begin(w, 3, 3);
	world_elect(w);
	assert_false(stop(w));
	r = world_poll(w, 1, 2, 1);
	assert_non_null(r);
	nonce = r->poll.nonce;
	r = world_adjust(w, 1, nonce, NS_PER_MS);
	assert_non_null(r);
	assert_int_equal(r->outcome, GROUP_SLEWED);
	assert_int_equal(world_count(w, AGENT_END), 1);
}

/* --- status --- */

static void tells_its_settings(void **state)
{
	struct world *w = *state;
	const struct group_status *s;

	w->settings.max_correction = 77;
	w->settings.insecure = true;
	world_begin(w, 1, 3);
	world_follow(w, 3, 5);
	s = world_status(w, 0, GROUP_PAGE);
	assert_true(s->lease == WORLD_LEASE && s->cycle == WORLD_CYCLE);
	assert_true(s->tolerance == 60 * NS_PER_SEC && s->max_correction == 77);
	assert_true(s->insecure && !s->leads);
	assert_true(s->leader == world_id(3) && s->head.term == 5 && s->head.from == world_id(1));
	assert_true(s->cycle_ended == -1 && s->corrected == -1 && s->cycle_took == 0);
	assert_int_equal(s->total, 3);
	assert_int_equal(s->n, 3);
	for (unsigned i = 0; i < 3; i++) {
		assert_true(s->members[i].id == world_id(i + 1));
		assert_true(member_id_of(&s->members[i].address) == world_id(i + 1));
		assert_int_equal(s->members[i].part, GROUP_UNMEASURED);
		assert_int_equal(s->members[i].outcome, GROUP_NOT_SENT);
	}
	w->now = mono_add(w->now, WORLD_LEASE);
	assert_true(world_status(w, 0, 0)->leader == MEMBER_NONE);
}

static void tells_that_it_leads(void **state)
{
	struct world *w = *state;
	const struct group_status *s;

	world_begin(w, 3, 3);
	world_elect(w);
	s = world_status(w, 0, 0);
	assert_true(s->leads && !s->insecure && s->leader == world_id(3));
	w->now = mono_add(w->now, WORLD_LEASE);
	s = world_status(w, 0, 0);
	assert_true(!s->leads && s->leader == MEMBER_NONE);
}

static void tells_of_its_members_by_the_page(void **state)
{
	struct world *w = *state;
	static const struct {
		uint32_t first;
		size_t members, n;
	} cases[] = {
		{ 0, GROUP_PAGE, GROUP_PAGE },
		{ GROUP_PAGE, GROUP_PAGE, GROUP_PAGE },
		{ 2 * GROUP_PAGE, GROUP_PAGE, 200 - 2 * GROUP_PAGE },
		{ 199, GROUP_PAGE, 1 },
		{ 200, GROUP_PAGE, 0 },
		{ 201, GROUP_PAGE, 0 },
		{ UINT32_MAX, GROUP_PAGE, 0 },
		{ 10, 7, 7 },
		{ 0, 0, 0 },
	};

	world_begin(w, 1, 200);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct group_status *s = world_status(w, cases[i].first, cases[i].members);

		assert_int_equal(s->n, cases[i].n);
		assert_int_equal(s->total, 200);
		for (size_t j = 0; j < s->n; j++) {
			assert_true(s->members[j].id ==
				    world_id((unsigned)(cases[i].first + j + 1)));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(followers_leave_at_once, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leaders_hand_over, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(leaders_wait_for_a_second, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(a_leader_alone_ends_at_once, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leaves_though_it_cannot_save, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(leads_nobody_while_it_leaves, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(begins_no_cycle_while_it_leaves, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(is_corrected_to_the_last, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(tells_its_settings, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(tells_that_it_leads, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(tells_of_its_members_by_the_page, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
