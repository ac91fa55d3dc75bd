/* SPDX-License-Identifier: BSD-3-Clause */
/* Election: what a member learns from messages, and those that it does not heed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>

#include "tests/support/elector.h"

static void voters(void **state)
{
	static const member_id more[] = { 1, 2, 3, 4 };
	struct elector x;
	struct voters newer;
	struct election_message m;

	(void)state;
	elector_start(&x, 2, 3);
	assert_int_equal(voters_make(&newer, 5, 1, more, 4), 0);
	m = elector_message(&x, ELECTION_VOTE, 1, 4);
	m.stamp.digest++; /* term 0: started with another list */
	assert_int_equal(elector_hear(&x, &m), ELECTION_OTHER_VOTERS);
	m.kind = ELECTION_PROBE;
	assert_int_equal(elector_hear(&x, &m), ELECTION_OTHER_VOTERS);

	m = elector_message(&x, ELECTION_VOTERS, 3, 5);
	assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD); /* there is none in it */
	m.voters = &newer;
	m.term = 6;
	assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD); /* not of its own term */
	assert_int_equal(x.e.state.term, 0);
	m.term = 5;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	assert_int_equal(election_to_save(&x.e)->voters.n, 4);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->stamp.version, 1);

	assert_int_equal(voters_make(&newer, 5, 0, more, 3), 0); /* comes late */
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
	assert_int_equal(election_to_save(&x.e)->voters.n, 4);

	elector_pass(&x, ELECTOR_LEASE);
	m = elector_message(&x, ELECTION_VOTE, 1, 6);
	m.stamp.version = 0;
	assert_int_equal(elector_hear(&x, &m), ELECTION_OLD_VOTERS);
	m.stamp.version = 2;
	assert_int_equal(elector_hear(&x, &m), ELECTION_YES);
}

/* The same list under a newer stamp comes with a heartbeat. */
static void stamps_come_with_heartbeats(void **state)
{
	struct elector x;
	struct election_message m;

	(void)state;
	elector_start(&x, 2, 3);
	m = elector_message(&x, ELECTION_HEARTBEAT, 3, 5);
	m.stamp.term = 5;
	elector_hear(&x, &m);
	assert_int_equal(election_to_save(&x.e)->voters.stamp.term, 5);
	m.stamp.version = 3;
	m.stamp.digest++;
	elector_hear(&x, &m);
	assert_int_equal(election_to_save(&x.e)->voters.stamp.version, 0);
	assert_int_equal(elector_sent(&x, ELECTION_HEARTBEAT_ANSWER)->stamp.version, 0);
}

/* Whatever is out of place changes nothing at all. */
static void stays_as_it_is(void **state)
{
	struct elector x;
	struct election before;
	struct election_message m;

	(void)state;
	elector_start(&x, 2, 3);
	elector_told(&x, ELECTION_HEARTBEAT, 3, 5);
	before = x.e;
	for (int kind = 0; kind < ELECTION_KINDS; kind++) {
		m = elector_message(&x, (enum election_kind)kind, 1, 6);
		m.to = 3;
		assert_int_equal(elector_hear(&x, &m), ELECTION_NOT_FOR_ME);
		assert_int_equal(x.out.n, 0);
		m.to = 2;
		m.from = 2;
		assert_int_equal(elector_hear(&x, &m), ELECTION_NOT_FOR_ME);
		m.from = MEMBER_NONE;
		assert_int_equal(elector_hear(&x, &m), ELECTION_NOT_FOR_ME);
		m.from = 1;
		m.lease++;
		assert_int_equal(elector_hear(&x, &m), ELECTION_OTHER_LEASE);
		m.lease--;
		m.term = UINT64_MAX;
		assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
		m.term = 6;
		m.released = 7;
		assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
		m.released = 0;
		m.stamp.version = UINT64_MAX;
		assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
	}
	m = elector_message(&x, ELECTION_KINDS, 1, 6);
	assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
	m = elector_message(&x, (enum election_kind)12345, 3, 6);
	assert_int_equal(elector_hear(&x, &m), ELECTION_ABSURD);
	assert_int_equal(x.out.n, 0);
	assert_memory_equal(&before, &x.e, sizeof(before));
}

static void bad_setups(void **state)
{
	const struct election_state fresh = { .term = 0 };
	const struct mono now = { .ns = 0 };
	struct election_setup setup = { .self = MEMBER_NONE, .lease = NS_PER_SEC };
	struct election e;

	(void)state;
	assert_int_equal(election_init(&e, &setup, &fresh, now), -EINVAL);
	setup.self = 1;
	assert_int_equal(election_init(&e, &setup, &fresh, now), 0);
	setup.lease = ELECTION_MIN_LEASE - 1;
	assert_int_equal(election_init(&e, &setup, &fresh, now), -EINVAL);
	setup.lease = ELECTION_MAX_LEASE + 1;
	assert_int_equal(election_init(&e, &setup, &fresh, now), -EINVAL);
}

static void verdicts_have_texts(void **state)
{
	(void)state;
	for (int a = 0; a < ELECTION_VERDICTS; a++) {
		const char *text = election_verdict_text((enum election_verdict)a);
		assert_non_null(text);
		for (int b = 0; b < a; b++) {
			assert_string_not_equal(text,
						election_verdict_text((enum election_verdict)b));
		}
	}
	assert_string_equal(election_verdict_text(ELECTION_VERDICTS), "unknown");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(voters),
		cmocka_unit_test(stamps_come_with_heartbeats),
		cmocka_unit_test(stays_as_it_is),
		cmocka_unit_test(bad_setups),
		cmocka_unit_test(verdicts_have_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
