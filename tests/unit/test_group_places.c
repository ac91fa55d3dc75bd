/* SPDX-License-Identifier: BSD-3-Clause */
/* Places for members of a group: how many there are, and who gives one back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/agent/members.h"

static struct address address_at(const char *host, int port)
{
	struct address a;

	assert_true(address_parse(&a, host));
	address_set_port(&a, (uint16_t)port);
	return a;
}

static member_id id_of(const char *host, int port)
{
	const struct address a = address_at(host, port);

	return group_members_id(&a);
}

static int add(struct group_members *m, const char *host, int port)
{
	const struct address a = address_at(host, port);

	return group_members_add(m, &a);
}

/* All places taken, the first one by port 1. */
static int setup(void **state)
{
	static struct group_members members;

	*state = &members;
	if (group_members_open(&members) != 0) {
		return -1;
	}
	for (int i = 0; i < MEMBERS_MAX; i++) {
		assert_int_equal(add(&members, "192.0.2.1", i + 1), i);
	}
	return 0;
}

static int teardown(void **state)
{
	group_members_close(*state);
	return 0;
}

static void there_are_so_many(void **state)
{
	struct group_members *m = *state;

	assert_int_equal(add(m, "192.0.2.2", 1), -E2BIG);
	assert_null(group_members_find(m, id_of("192.0.2.2", 1)));
	assert_int_equal(m->n, MEMBERS_MAX);
	assert_int_equal(add(m, "192.0.2.1", MEMBERS_MAX), MEMBERS_MAX - 1);
	assert_ptr_equal(group_members_find(m, id_of("192.0.2.1", 1)), &m->member[0]);
}

/* Those whose ids are in a list that ends with MEMBER_NONE. */
static bool is_listed(const void *arg, const struct group_member *m)
{
	for (const member_id *id = arg; *id != MEMBER_NONE; id++) {
		if (*id == m->id) {
			return true;
		}
	}
	return false;
}

static void places_are_given_back(void **state)
{
	struct group_members *m = *state;
	const member_id leave[] = { id_of("192.0.2.1", 8), id_of("192.0.2.1", 1000), MEMBER_NONE };

	m->may_go = is_listed;
	m->may_go_arg = leave;
	m->member[7].was_heard = true;
	m->member[7].poll.answered = true;
	assert_int_equal(add(m, "192.0.2.2", 1), 7);
	assert_int_equal(m->member[7].id, id_of("192.0.2.2", 1));
	assert_false(m->member[7].was_heard); /* nothing of the one before is left */
	assert_false(m->member[7].poll.answered);
	assert_int_equal(m->member[7].poll.part, GROUP_UNMEASURED);
	assert_ptr_equal(group_members_find(m, id_of("192.0.2.2", 2)), &m->member[999]);
	assert_int_equal(add(m, "192.0.2.2", 3), -E2BIG);
	assert_int_equal(m->n, MEMBERS_MAX);
	assert_null(group_members_known(m, id_of("192.0.2.1", 8)));
	/* All others are where they were. */
	assert_int_equal(add(m, "192.0.2.1", 1), 0);
	assert_int_equal(add(m, "192.0.2.1", MEMBERS_MAX), MEMBERS_MAX - 1);
}

/* Who is known is there already; what is no member takes no place from anybody. */
static void not_without_need(void **state)
{
	struct group_members *m = *state;
	const member_id leave[] = { id_of("192.0.2.1", 8), MEMBER_NONE };

	m->may_go = is_listed;
	m->may_go_arg = leave;
	assert_int_equal(add(m, "192.0.2.1", 8), 7);
	assert_int_equal(add(m, "192.0.2.2", 0), -EINVAL);
	assert_non_null(group_members_known(m, id_of("192.0.2.1", 8)));
}

static void not_while_there_is_room(void **state)
{
	const member_id leave[] = { id_of("192.0.2.1", 1), MEMBER_NONE };
	struct group_members m;

	(void)state;
	assert_int_equal(group_members_open(&m), 0);
	m.may_go = is_listed;
	m.may_go_arg = leave;
	assert_int_equal(add(&m, "192.0.2.1", 1), 0);
	assert_int_equal(add(&m, "192.0.2.1", 2), 1);
	assert_int_equal(m.n, 2);
	group_members_close(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(there_are_so_many),
		TEST(places_are_given_back),
		TEST(not_without_need),
		TEST(not_while_there_is_room),
	};

	return cmocka_run_group_tests_name("group places", tests, NULL, NULL);
}
