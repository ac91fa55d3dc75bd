/* SPDX-License-Identifier: BSD-3-Clause */
/* How a group does, by the status of one of its members. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "client/group/group_health.h"

#define N 3

static struct group_status status;
static struct group_member_status members[N];

/* A leader of three, all well; it is the first that is asked. */
static int setup(void **state)
{
	(void)state;
	memset(members, 0, sizeof(members));
	status = (struct group_status){
		.head = { .from = 1 },
		.leader = 1,
		.leads = true,
		.lease = 3 * NS_PER_SEC,
		.cycle = 10 * NS_PER_SEC,
		.corrected = NS_PER_SEC,
		.cycle_ended = NS_PER_SEC,
		.total = N,
	};
	for (size_t i = 0; i < N; i++) {
		members[i] = (struct group_member_status){
			.id = i + 1,
			.heard = NS_PER_SEC,
			.part = GROUP_IN_MEAN,
			.outcome = GROUP_SLEWED,
		};
	}
	return 0;
}

static void assert_judged(enum group_health_state state, const char *words, dur_ns max_spread)
{
	struct group_health h;

	group_health_judge(&h, &status, members, N, max_spread);
	if (h.state != state || !strstr(h.text, words)) {
		fail_msg("state %d: '%s', not %d: '%s'", (int)h.state, h.text, (int)state, words);
	}
	assert_true(state != GROUP_WELL || h.text[0] == '\0');
}

static void all_is_well(void **state)
{
	(void)state;
	assert_judged(GROUP_WELL, "", 0);
	status.leads = false; /* a follower has no reason to hear the others */
	status.leader = 2;
	status.cycle_ended = -1;
	members[2].heard = -1;
	members[0].part = members[1].part = members[2].part = GROUP_UNMEASURED;
	assert_judged(GROUP_WELL, "", NS_PER_SEC);
}

static void without_a_leader_it_is_lost(void **state)
{
	(void)state;
	status.leader = MEMBER_NONE;
	status.leads = false;
	assert_judged(GROUP_LOST, "no leader, although 3 of 3 members answer", 0);
	members[1].heard = 13 * NS_PER_SEC;
	members[2].heard = -1;
	assert_judged(GROUP_LOST, "no leader: 1 of 3 members answers, 2 are needed", 0);
	members[1].heard = 12 * NS_PER_SEC;
	assert_judged(GROUP_LOST, "no leader, although 2 of 3 members answer", 0);
}

static void who_is_no_member_is_lost(void **state)
{
	(void)state;
	status.head.from = 4;
	assert_judged(GROUP_LOST, "is not in the group", 0);
	status.total = 4; /* or is on another page */
	assert_judged(GROUP_WELL, "", 0);
}

static void members_in_trouble(void **state)
{
	(void)state;
	members[1].part = GROUP_TOO_FAR;
	assert_judged(GROUP_DEGRADED, "is too far away to count", 0);
	members[1].part = GROUP_TOO_VAGUE;
	assert_judged(GROUP_DEGRADED, "is measured too vaguely to count", 0);
	members[1].part = GROUP_TOO_LARGE;
	assert_judged(GROUP_DEGRADED, "needs more than --max-correction", 0);
	members[1].part = GROUP_NO_ANSWER;
	assert_judged(GROUP_DEGRADED, "does not answer", 0);
	members[1].part = GROUP_IN_MEAN;
	members[1].outcome = GROUP_REFUSED;
	assert_judged(GROUP_DEGRADED, "has refused its correction", 0);
	members[1].outcome = GROUP_UNABLE;
	assert_judged(GROUP_DEGRADED, "cannot follow", 0);
	members[1].outcome = GROUP_UNANSWERED; /* may still come */
	assert_judged(GROUP_WELL, "", 0);
	members[1].heard = 13 * NS_PER_SEC;
	assert_judged(GROUP_DEGRADED, "does not answer", 0);
}

static void other_settings(void **state)
{
	(void)state;
	members[2].unlike = 1U << GROUP_SETTING_LEASE | 1U << GROUP_SETTING_TOLERANCE;
	assert_judged(GROUP_DEGRADED, "has another lease and tolerance", 0);
}

static void a_clock_that_is_not_corrected(void **state)
{
	(void)state;
	status.corrected = 33 * NS_PER_SEC;
	assert_judged(GROUP_WELL, "", 0);
	status.corrected++;
	assert_judged(GROUP_DEGRADED, "its clock was last corrected 33", 0);
	status.corrected = -1;
	assert_judged(GROUP_DEGRADED, "its clock was never corrected", 0);
}

static void a_spread(void **state)
{
	struct group_health h;

	(void)state;
	members[1].offset = -2 * NS_PER_MS;
	members[2].offset = 3 * NS_PER_MS;
	group_health_judge(&h, &status, members, N, 0);
	assert_true(h.has_spread && h.spread == 5 * NS_PER_MS);
	assert_judged(GROUP_WELL, "", 5 * NS_PER_MS);
	assert_judged(GROUP_DEGRADED, " apart in the last cycle, more than ", 5 * NS_PER_MS - 1);
	members[2].part = GROUP_NO_ANSWER; /* whatever its offset was */
	group_health_judge(&h, &status, members, N, 0);
	assert_true(h.spread == 2 * NS_PER_MS);
}

static void much_trouble_is_cut_off(void **state)
{
	static struct group_member_status many[100];
	struct group_health h;

	(void)state;
	status.total = 100;
	for (size_t i = 0; i < 100; i++) {
		many[i] = (struct group_member_status){ .id = i + 1, .part = GROUP_NO_ANSWER };
	}
	group_health_judge(&h, &status, many, 100, 0);
	assert_int_equal(h.state, GROUP_DEGRADED);
	assert_true(strlen(h.text) < sizeof(h.text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(all_is_well),
		TEST(without_a_leader_it_is_lost),
		TEST(who_is_no_member_is_lost),
		TEST(members_in_trouble),
		TEST(other_settings),
		TEST(a_clock_that_is_not_corrected),
		TEST(a_spread),
		TEST(much_trouble_is_cut_off),
	};

	return cmocka_run_group_tests_name("group health", tests, NULL, NULL);
}
