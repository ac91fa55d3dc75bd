/* SPDX-License-Identifier: BSD-3-Clause */
/* How an agent that belongs to no group finds one by broadcast, and joins it. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/support/agent_world.h"
#include "tests/support/between.h"

static void begin(struct world *w)
{
	w->settings.discover = true;
	world_begin(w, 1, 0);
}

static void found_at(struct world *w, struct member_address at)
{
	const struct agent_event e = { .kind = AGENT_FOUND, .at = at };

	world_event(w, &e);
}

static void found(struct world *w, unsigned member)
{
	found_at(w, world_at(member));
}

static void searched(struct world *w, int error)
{
	const struct agent_event e = { .kind = AGENT_SEARCHED, .error = error };

	world_event(w, &e);
}

/* How long until it asks again, waking it when it wants to be. */
static dur_ns next_question(struct world *w)
{
	const struct mono start = w->now;

	do {
		assert_true(mono_since(w->now, start) < 100 * NS_PER_SEC);
		w->now.ns = agent_next(&w->agent, w->now).ns > w->now.ns
				    ? agent_next(&w->agent, w->now).ns
				    : w->now.ns;
		world_wake(w);
	} while (world_count(w, AGENT_SEARCH) == 0);
	assert_int_equal(world_count(w, AGENT_SEARCH), 1);
	return mono_since(w->now, start);
}

static struct group_status status_of_leader(const struct world *w)
{
	return (struct group_status){
		.nonce = { { 4, 5, 6 } },
		.leads = true,
		.lease = w->settings.lease,
		.total = 2,
	};
}

/* Somebody is found who leads: the JOIN that it is sent, or null. */
static const struct agent_send *join(struct world *w, unsigned member)
{
	const struct group_status s = status_of_leader(w);

	found(w, member);
	assert_non_null(world_sent(w, GROUP_STATUS, world_id(member)));
	world_tells(w, world_sent(w, GROUP_STATUS, world_id(member)), &s);
	return world_sent(w, GROUP_JOIN, world_id(member));
}

static void says(struct world *w, const struct agent_send *to, enum group_answer answer)
{
	struct agent_answer a = world_answer(w, to);

	a.change = answer;
	world_answered(w, &a);
}

/* --- questions --- */

static void asks_at_growing_pauses(void **state)
{
	static const dur_ns pauses[] = { 1, 2, 4, 8, 16, 16 };
	struct world *w = *state;

	begin(w);
	(void)next_question(w);
	assert_non_null(world_note(w, AGENT_NOTE_LOOKING));
	for (size_t i = 0; i < sizeof(pauses) / sizeof(pauses[0]); i++) {
		const dur_ns longest = pauses[i] * NS_PER_SEC;

		assert_between(longest / 2, next_question(w), longest);
		assert_null(world_note(w, AGENT_NOTE_LOOKING));
	}
}

static void asks_only_if_it_is_to(void **state)
{
	struct world *w = *state;

	world_begin(w, 1, 0);
	assert_true(world_run(w, 100 * NS_PER_SEC, 1000));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	found(w, 2);
	assert_int_equal(w->n, 0);
	w->settings.discover = true;
	world_begin(w, 1, 1); /* it knows a group: its own */
	assert_true(world_run(w, 100 * NS_PER_SEC, 1000));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	found(w, 2);
	assert_int_equal(w->n, 0);
}

/* After four questions without an answer that is worth saying. */
static void says_that_nobody_answers(void **state)
{
	struct world *w = *state;

	begin(w);
	for (int i = 1; i <= 6; i++) {
		(void)next_question(w);
		searched(w, i == 4 ? -ENETUNREACH : 0);
		assert_int_equal(world_count(w, AGENT_NOTE), i == 4);
		if (i == 4) {
			assert_int_equal(world_note(w, AGENT_NOTE_NOBODY_ANSWERS)->error,
					 -ENETUNREACH);
		}
	}
}

static void says_that_nobody_leads(void **state)
{
	struct world *w = *state;
	struct group_status s = { .lease = WORLD_LEASE, .total = 1 };

	begin(w);
	for (int i = 1; i <= 4; i++) {
		(void)next_question(w);
		if (i == 2) {
			found(w, 2);
			world_tells(w, world_sent(w, GROUP_STATUS, world_id(2)), &s);
			assert_int_equal(w->n, 0);
		}
		if (i < 4) {
			searched(w, 0);
			assert_int_equal(w->n, 0);
		}
	}
	searched(w, 0);
	assert_non_null(world_note(w, AGENT_NOTE_NOBODY_LEADS));
	assert_int_equal(w->n, 1);
}

/* One that looks for a group itself is nobody who could be asked. */
static void does_not_count_those_that_look_too(void **state)
{
	struct world *w = *state;
	const struct group_status looks_too = { .lease = WORLD_LEASE };

	begin(w);
	for (int i = 1; i <= 4; i++) {
		(void)next_question(w);
		found(w, 2);
		world_tells(w, world_sent(w, GROUP_STATUS, world_id(2)), &looks_too);
		assert_int_equal(w->n, 0);
	}
	searched(w, 0);
	assert_non_null(world_note(w, AGENT_NOTE_NOBODY_ANSWERS));
}

/* When a leader has answered all begins anew. */
static void counts_questions_since_a_leader(void **state)
{
	struct world *w = *state;
	const struct group_status member = { .lease = WORLD_LEASE, .total = 3 };

	begin(w);
	for (int i = 1; i <= 3; i++) {
		(void)next_question(w);
	}
	found(w, 3);
	world_tells(w, world_sent(w, GROUP_STATUS, world_id(3)), &member);
	assert_non_null(join(w, 2));
	for (int i = 1; i <= 4; i++) {
		(void)next_question(w);
		if (i < 4) {
			searched(w, 0);
			assert_int_equal(w->n, 0);
		}
	}
	searched(w, 0);
	assert_non_null(world_note(w, AGENT_NOTE_NOBODY_ANSWERS));
}

/* --- candidates --- */

static void asks_who_is_found(void **state)
{
	struct world *w = *state;
	const struct ticket_nonce none = { { 0 } };
	const struct agent_send *s;
	struct ticket_nonce once;

	begin(w);
	found(w, 2);
	s = world_sent(w, GROUP_STATUS, world_id(2));
	assert_non_null(s);
	assert_int_equal(w->n, 1);
	once = s->status.once;
	assert_memory_not_equal(&once, &none,
				sizeof(once)); /* so that its answer is like no other */
	assert_int_equal(s->tag.part, AGENT_PART_FINDER);
	assert_true(member_id_of(&s->at) == world_id(2) && s->head.to == world_id(2));
	assert_int_equal(s->status.members, 0);
	assert_true(s->timeout == NS_PER_SEC);
	found(w, 1); /* itself */
	assert_int_equal(w->n, 0);
	found_at(w, (struct member_address){ .port = 0 });
	assert_int_equal(w->n, 0);
}

/* A host that names all its ports is asked one at a time. */
static void asks_one_of_a_host(void **state)
{
	struct world *w = *state;
	struct member_address other = world_at(2);
	struct agent_send asked;

	begin(w);
	found(w, 2);
	asked = *world_sent(w, GROUP_STATUS, MEMBER_NONE);
	other.port++;
	found_at(w, other);
	found(w, 2);
	assert_int_equal(w->n, 0);
	world_silence(w, &asked);
	found_at(w, other);
	assert_int_equal(w->n, 1);
}

static void asks_16_at_a_time(void **state)
{
	struct world *w = *state;
	struct agent_send asked[16];

	begin(w);
	for (unsigned i = 0; i < 16; i++) {
		found(w, 2 + i);
		assert_int_equal(w->n, 1);
		asked[i] = w->log[0].send;
	}
	found(w, 99);
	assert_int_equal(w->n, 0);
	world_silence(w, &asked[5]);
	found(w, 99);
	assert_int_equal(w->n, 1);
	/* Its place is another's: what comes now to the one before is nothing. */
	const struct group_status s = status_of_leader(w);
	world_tells(w, &asked[5], &s);
	assert_int_equal(world_sends(w, GROUP_JOIN), 0);
	asked[5].tag.place = 16;
	world_tells(w, &asked[5], &s);
	assert_int_equal(world_sends(w, GROUP_JOIN), 0);
	world_tells(w, &asked[6], &s);
	assert_int_equal(world_sends(w, GROUP_JOIN), 1);
	world_tells(w, &asked[6], &s); /* its call has been answered */
	assert_int_equal(w->n, 0);
}

/* A member that does not lead says who does. */
static void asks_the_leader_that_is_named(void **state)
{
	struct world *w = *state;
	struct group_status s = { .lease = WORLD_LEASE, .total = 3, .leader = world_id(9) };
	struct agent_send asked;

	begin(w);
	(void)next_question(w);
	found(w, 2);
	asked = *world_sent(w, GROUP_STATUS, MEMBER_NONE);
	world_tells(w, &asked, &s);
	assert_non_null(world_sent(w, GROUP_STATUS, world_id(9)));
	assert_true(member_id_of(&world_sent(w, GROUP_STATUS, world_id(9))->at) == world_id(9));
	assert_int_equal(w->n, 1);
	found(w, 3);
	asked = *world_sent(w, GROUP_STATUS, MEMBER_NONE);
	s.leader = world_id(3); /* itself, but its lease is over */
	world_tells(w, &asked, &s);
	assert_int_equal(w->n, 0);
	found(w, 3);
	s.leader = MEMBER_NONE;
	world_tells(w, &asked, &s);
	assert_int_equal(w->n, 0);
	found(w, 3);
	s.leader = UINT64_C(1) << 63; /* of IPv6: it tells no address */
	world_tells(w, &asked, &s);
	assert_int_equal(w->n, 0);
}

static void ignores_false_answers(void **state)
{
	struct world *w = *state;
	struct group_status s = status_of_leader(w);
	struct agent_answer a;

	begin(w);
	s.lease = w->settings.lease;
	found(w, 2);
	a = world_answer(w, world_sent(w, GROUP_STATUS, MEMBER_NONE));
	a.status = &s;
	a.head.from = world_id(3);
	world_answered(w, &a);
	assert_int_equal(world_sends(w, GROUP_JOIN), 0);
	assert_true(w->agent.counts.count[GROUP_COUNT_MISDIRECTED] == 1);
	found(w, 2); /* it may be asked again */
	assert_int_equal(w->n, 1);
}

/* --- joining --- */

static void asks_the_leader_to_be_let_in(void **state)
{
	struct world *w = *state;
	const struct agent_send *s;

	begin(w);
	(void)next_question(w);
	s = join(w, 2);
	assert_non_null(s);
	assert_int_equal(w->n, 1);
	assert_int_equal(s->tag.part, AGENT_PART_FINDER);
	assert_true(member_id_of(&s->change.address) == world_id(1));
	assert_int_equal(s->change.nonce.byte[0], 4);
	says(w, s, GROUP_DONE);
	assert_non_null(world_note(w, AGENT_NOTE_JOINED));
	assert_true(member_id_of(&world_note(w, AGENT_NOTE_JOINED)->at) == world_id(2));
	assert_int_equal(w->n, 1);
}

/* Once let in, it asks nobody else for a timeout and a lease. */
static void asks_one_leader_at_a_time(void **state)
{
	struct world *w = *state;
	const struct agent_send *s;

	begin(w);
	s = join(w, 2);
	says(w, s, GROUP_DONE);
	assert_null(join(w, 3));
	w->now = mono_add(w->now, NS_PER_SEC + WORLD_LEASE - 1);
	assert_null(join(w, 3));
	w->now = mono_add(w->now, 1);
	s = join(w, 3);
	assert_non_null(s);
	/* The first has not let it hear of it. */
	says(w, s, GROUP_EXISTS);
	assert_null(world_note(w, AGENT_NOTE_JOINED));
	assert_non_null(world_note(w, AGENT_NOTE_UNHEARD));
	assert_true(member_id_of(&world_note(w, AGENT_NOTE_UNHEARD)->at) == world_id(3));
}

/* An answer that is lost may have let it in. */
static void waits_after_silence_as_well(void **state)
{
	struct world *w = *state;

	begin(w);
	world_silence(w, join(w, 2));
	assert_int_equal(w->n, 0);
	assert_null(join(w, 3));
	w->now = mono_add(w->now, NS_PER_SEC + WORLD_LEASE);
	assert_non_null(join(w, 3));
}

static void joins_no_group_of_another_lease(void **state)
{
	struct world *w = *state;
	struct group_status s = status_of_leader(w);
	const struct agent_note *note;

	begin(w);
	s.lease = WORLD_LEASE - 1;
	found(w, 2);
	world_tells(w, world_sent(w, GROUP_STATUS, MEMBER_NONE), &s);
	assert_int_equal(world_sends(w, GROUP_JOIN), 0);
	note = world_note(w, AGENT_NOTE_OTHER_LEASE);
	assert_non_null(note);
	assert_true(note->duration == WORLD_LEASE - 1);
	assert_true(member_id_of(&note->at) == world_id(2));
	found(w, 3);
	world_tells(w, world_sent(w, GROUP_STATUS, MEMBER_NONE), &s);
	assert_int_equal(w->n, 0);   /* just said */
	assert_non_null(join(w, 4)); /* another may be right */
}

/* Reasons that last, and the log entries for them; then it asks after 16 s. */
static void says_why_it_is_not_let_in(void **state)
{
	static const enum group_answer answers[] = {
		GROUP_FULL, GROUP_IMPOSSIBLE, GROUP_UNREACHABLE, GROUP_OTHER_LEASE, GROUP_NOT_SAVED,
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct agent_note *note;

		begin(w);
		(void)next_question(w);
		says(w, join(w, 2), answers[i]);
		note = world_note(w, AGENT_NOTE_NOT_LET_IN);
		assert_non_null(note);
		assert_non_null(note->text);
		assert_true(member_id_of(&note->at) == world_id(2));
		assert_non_null(join(w, 3)); /* nobody is letting it in */
		assert_true(next_question(w) == 16 * NS_PER_SEC);
	}
}

static void complains_once_a_minute(void **state)
{
	struct world *w = *state;
	struct group_status s = status_of_leader(w);

	begin(w);
	says(w, join(w, 2), GROUP_FULL);
	assert_int_equal(world_count(w, AGENT_NOTE), 1);
	w->now = mono_add(w->now, 60 * NS_PER_SEC - 1);
	says(w, join(w, 2), GROUP_OTHER_LEASE);
	assert_int_equal(world_count(w, AGENT_NOTE), 0);
	s.lease++;
	found(w, 3);
	world_tells(w, world_sent(w, GROUP_STATUS, MEMBER_NONE), &s);
	assert_int_equal(w->n, 0);
	w->now = mono_add(w->now, 1);
	says(w, join(w, 2), GROUP_NOT_SAVED);
	assert_int_equal(world_count(w, AGENT_NOTE), 1);
}

/* Reasons that may be over soon: others are let in, or another leads. It asks within a second. */
static void asks_again_soon(void **state)
{
	static const enum group_answer answers[] = { GROUP_NOT_LEADER, GROUP_TRY_AGAIN,
						     GROUP_UNKNOWN, GROUP_OLD_NONCE };
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		const struct agent_send *s;

		begin(w);
		for (int j = 0; j < 5; j++) {
			(void)next_question(w);
		}
		s = join(w, 2);
		w->octet = i % 2 ? 255 : 63;
		says(w, s, answers[i]);
		w->octet = 0; /* the longest pause */
		assert_int_equal(world_count(w, AGENT_NOTE), 0);
		assert_non_null(join(w, 3));
		assert_true(next_question(w) == (i % 2 ? NS_PER_SEC : NS_PER_SEC / 4));
		assert_true(next_question(w) == NS_PER_SEC); /* the pauses begin anew */
		w->octet = -1;
	}
}

/* --- the end --- */

static void looks_no_more_in_a_group(void **state)
{
	struct world *w = *state;
	const member_id ids[] = { world_id(1), world_id(2) };
	struct voters all;
	struct election_message m;
	struct group_status s = status_of_leader(w);
	struct agent_send asked, joining;

	begin(w);
	(void)next_question(w);
	joining = *join(w, 2);
	found(w, 4);
	asked = *world_sent(w, GROUP_STATUS, MEMBER_NONE);
	assert_int_equal(voters_make(&all, 1, 1, ids, 2), 0);
	m = world_message(w, ELECTION_VOTERS, 2, 1);
	m.serial = 0;
	m.stamp = all.stamp;
	m.voters = &all;
	assert_non_null(world_election(w, &m));
	world_wake(w);
	assert_int_equal(world_count(w, AGENT_SEARCH_END), 1);
	says(w, &joining, GROUP_DONE); /* which comes after what it is about */
	assert_non_null(world_note(w, AGENT_NOTE_JOINED));
	w->now = mono_add(w->now, 2 * WORLD_LEASE);
	world_tells(w, &asked, &s);
	assert_int_equal(world_sends(w, GROUP_JOIN), 0);
	found(w, 5);
	assert_int_equal(w->n, 0);
	assert_true(world_run(w, 60 * NS_PER_SEC, 1000));
	assert_int_equal(world_count(w, AGENT_SEARCH), 0);
	assert_int_equal(world_count(w, AGENT_SEARCH_END), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(asks_at_growing_pauses, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_only_if_it_is_to, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(says_that_nobody_answers, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_that_nobody_leads, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(does_not_count_those_that_look_too, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(counts_questions_since_a_leader, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_who_is_found, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_one_of_a_host, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_16_at_a_time, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_the_leader_that_is_named, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(ignores_false_answers, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(asks_the_leader_to_be_let_in, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_one_leader_at_a_time, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(waits_after_silence_as_well, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(joins_no_group_of_another_lease, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(says_why_it_is_not_let_in, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(complains_once_a_minute, world_setup,
						world_teardown),
		cmocka_unit_test_setup_teardown(asks_again_soon, world_setup, world_teardown),
		cmocka_unit_test_setup_teardown(looks_no_more_in_a_group, world_setup,
						world_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
