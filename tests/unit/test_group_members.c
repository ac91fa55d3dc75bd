/* SPDX-License-Identifier: BSD-3-Clause */
/* Members of a group: their ids, the places for them, and how these are given back. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group/core/members.h"

/* 127.0.0.1:7000, and that as an id. */
#define PORT    7000
#define HOST_ID UINT64_C(0x7f0000011b58)

/* Host 192.0.2.N: `last` is the last octet. */
static struct member_address v4(uint8_t last, uint16_t port)
{
	const uint8_t octets[4] = { 192, 0, 2, last };

	return (struct member_address){
		.host = host_of_v4(octets),
		.is_v4 = true,
		.port = port,
	};
}

static struct member_address localhost(uint16_t port)
{
	const uint8_t octets[4] = { 127, 0, 0, 1 };

	return (struct member_address){
		.host = host_of_v4(octets),
		.is_v4 = true,
		.port = port,
	};
}

/* Of IPv6, with these two first octets, and 1 at the end. */
static struct member_address v6(uint8_t first, uint8_t second, uint16_t port)
{
	return (struct member_address){
		.host = { .octets = { first, second, [2] = first ? 0x0d : 0, [3] = first ? 0xb8 : 0,
				      [15] = 1 } },
		.port = port,
	};
}

static member_id id_of(uint8_t last, uint16_t port)
{
	const struct member_address at = v4(last, port);

	return member_id_of(&at);
}

/* --- ids --- */

static void ids_of_ipv4_are_addresses(void **state)
{
	const struct member_address at = localhost(PORT);

	(void)state;
	assert_int_equal(member_id_of(&at), HOST_ID);
	assert_true(id_of(2, 1) > id_of(1, 65535));
}

/* Reckoned by another implementation of FNV-1a. */
static void ids_of_ipv6_are_hashes(void **state)
{
	const struct member_address loopback = v6(0, 0, PORT), other = v6(0x20, 0x01, PORT),
				    next = v6(0x20, 0x01, PORT + 1);

	(void)state;
	assert_int_equal(member_id_of(&loopback), UINT64_C(0xef20acb1c2b52269));
	assert_int_equal(member_id_of(&other), UINT64_C(0xd3986617047135df));
	assert_int_equal(member_id_of(&next), UINT64_C(0xd39865170471342c));
}

static void nowhere_has_no_id(void **state)
{
	const struct member_address nowhere = { .port = 0 }, none = v4(1, 0);

	(void)state;
	assert_int_equal(member_id_of(&nowhere), MEMBER_NONE);
	assert_int_equal(member_id_of(&none), MEMBER_NONE);
}

/* --- the table --- */

static struct voters all; /* of no member, but where a test says otherwise */

static struct group_members *some(void)
{
	static struct group_member member[MEMBERS_MAX];
	static struct group_members m;

	m = (struct group_members){ .member = member, .max = MEMBERS_MAX };
	all.n = 0;
	return &m;
}

static int add(struct group_members *m, struct member_address at)
{
	return group_members_add(m, &at, &all, MEMBER_NONE);
}

static struct group_member *find(struct group_members *m, member_id id)
{
	return group_members_find(m, id, &all, MEMBER_NONE);
}

static void each_is_there_once(void **state)
{
	struct group_members *m = some();

	(void)state;
	assert_int_equal(add(m, localhost(PORT)), 0);
	assert_int_equal(add(m, v6(0, 0, PORT)), 1);
	assert_int_equal(add(m, localhost(PORT + 1)), 2);
	assert_int_equal(add(m, localhost(PORT)), 0);
	assert_int_equal(add(m, v6(0, 0, PORT)), 1);
	assert_int_equal(m->n, 3);
	assert_int_equal(m->member[0].id, HOST_ID);
	assert_int_equal(m->member[0].poll.part, GROUP_UNMEASURED);
	assert_int_equal(m->member[0].last.part, GROUP_UNMEASURED);
	assert_false(m->member[0].was_heard);
	assert_int_equal(add(m, localhost(0)), -EINVAL);
	assert_int_equal(add(m, v6(0, 0, 0)), -EINVAL);
	assert_int_equal(m->n, 3);
}

static void ids_of_ipv4_tell_the_address(void **state)
{
	struct group_members *m = some();
	const struct group_member *found = find(m, HOST_ID);
	const struct member_address at = localhost(PORT);

	(void)state;
	assert_non_null(found);
	assert_true(host_equal(&found->at.host, &at.host));
	assert_int_equal(found->at.port, PORT);
	assert_int_equal(found->id, HOST_ID);
	assert_int_equal(m->n, 1);
	assert_ptr_equal(find(m, HOST_ID), found);
	assert_int_equal(m->n, 1);
	m->n = 0;
	assert_ptr_equal(find(m, id_of(1, 1)), &m->member[0]);
}

static void others_have_to_be_known(void **state)
{
	struct group_members *m = some();
	const struct member_address at = v6(0, 0, PORT);

	(void)state;
	assert_null(find(m, member_id_of(&at)));
	assert_int_equal(add(m, at), 0);
	assert_ptr_equal(find(m, member_id_of(&at)), &m->member[0]);
	assert_null(find(m, MEMBER_NONE));
	assert_null(find(m, HOST_ID & ~UINT64_C(0xffff))); /* port 0 */
	assert_null(find(m, UINT64_C(1) << 48 | HOST_ID));
	assert_null(find(m, UINT64_MAX));
	assert_int_equal(m->n, 1);
}

static void a_place_is_a_hint(void **state)
{
	struct group_members *m = some();

	(void)state;
	(void)add(m, v4(1, 1));
	(void)add(m, v4(1, 2));
	assert_ptr_equal(group_members_at(m, 1, id_of(1, 2)), &m->member[1]);
	assert_ptr_equal(group_members_at(m, 0, id_of(1, 2)), &m->member[1]);
	assert_ptr_equal(group_members_at(m, 7, id_of(1, 2)), &m->member[1]);
	assert_null(group_members_at(m, 1, id_of(1, 3)));
	m->member[2].id = id_of(1, 3); /* in a place that nobody has */
	assert_null(group_members_at(m, 2, id_of(1, 3)));
}

static void only_the_known_are_heard(void **state)
{
	struct group_members *m = some();

	(void)state;
	(void)add(m, v4(1, 1));
	(void)add(m, v4(1, 2));
	group_members_heard(m, id_of(1, 1), (struct mono){ 5 });
	group_members_heard(m, id_of(1, 3), (struct mono){ 6 });
	assert_true(m->member[0].was_heard);
	assert_int_equal(m->member[0].heard.ns, 5);
	assert_false(m->member[1].was_heard);
	assert_int_equal(m->n, 2);
}

static void a_cycle_ends_as_the_last(void **state)
{
	struct group_members *m = some();

	(void)state;
	for (int i = 0; i < 2; i++) {
		(void)add(m, v4(1, (uint16_t)(i + 1)));
		m->member[i].poll = (struct group_poll){ .answered = true,
							 .part = GROUP_TOO_FAR,
							 .offset = 7 + i };
	}
	m->member[2] = (struct group_member){ .poll.offset = 6 }; /* a place that nobody has */
	group_members_end_cycle(m);
	group_members_begin_cycle(m);
	for (int i = 0; i < 2; i++) {
		assert_true(m->member[i].last.answered);
		assert_int_equal(m->member[i].last.offset, 7 + i);
		assert_int_equal(m->member[i].last.part, GROUP_TOO_FAR);
		assert_false(m->member[i].poll.answered);
		assert_int_equal(m->member[i].poll.part, GROUP_UNMEASURED);
	}
	assert_int_equal(m->member[2].last.offset, 0);
	assert_int_equal(m->member[2].poll.offset, 6);
}

/* --- all places taken --- */

/* The first one by port 1, all among the voters. */
static struct group_members *full(void)
{
	static member_id ids[MEMBERS_MAX];
	struct group_members *m = some();

	for (int i = 0; i < MEMBERS_MAX; i++) {
		assert_int_equal(add(m, v4(1, (uint16_t)(i + 1))), i);
		ids[i] = id_of(1, (uint16_t)(i + 1));
	}
	assert_int_equal(voters_make(&all, 0, 0, ids, MEMBERS_MAX), 0);
	return m;
}

static void there_are_so_many(void **state)
{
	struct group_members *m = full();

	(void)state;
	assert_int_equal(add(m, v4(2, 1)), -E2BIG);
	assert_null(find(m, id_of(2, 1)));
	assert_int_equal(m->n, MEMBERS_MAX);
	assert_int_equal(add(m, v4(1, MEMBERS_MAX)), MEMBERS_MAX - 1);
	assert_ptr_equal(find(m, id_of(1, 1)), &m->member[0]);
}

static void places_are_given_back(void **state)
{
	struct group_members *m = full();

	(void)state;
	assert_int_equal(voters_remove(&all, id_of(1, 8)), 0);
	assert_int_equal(voters_remove(&all, id_of(1, 1000)), 0);
	m->member[7].was_heard = true;
	m->member[7].poll.answered = true;
	assert_int_equal(add(m, v4(2, 1)), 7);
	assert_int_equal(m->member[7].id, id_of(2, 1));
	assert_false(m->member[7].was_heard); /* nothing of the one before is left */
	assert_false(m->member[7].poll.answered);
	assert_int_equal(m->member[7].poll.part, GROUP_UNMEASURED);
	assert_int_equal(voters_add(&all, id_of(2, 1)), 0);
	assert_ptr_equal(find(m, id_of(2, 2)), &m->member[999]);
	assert_int_equal(voters_add(&all, id_of(2, 2)), 0);
	assert_int_equal(add(m, v4(2, 3)), -E2BIG);
	assert_int_equal(m->n, MEMBERS_MAX);
	assert_null(group_members_known(m, id_of(1, 8)));
	/* All others are where they were. */
	assert_int_equal(add(m, v4(1, 1)), 0);
	assert_int_equal(add(m, v4(1, MEMBERS_MAX)), MEMBERS_MAX - 1);
}

/* A member that is known is there already; an address without a port takes nobody's place. */
static void not_without_need(void **state)
{
	struct group_members *m = full();

	(void)state;
	assert_int_equal(voters_remove(&all, id_of(1, 8)), 0);
	assert_int_equal(add(m, v4(1, 8)), 7);
	assert_int_equal(add(m, v4(2, 0)), -EINVAL);
	assert_non_null(group_members_known(m, id_of(1, 8)));
}

static void this_member_keeps_its_own(void **state)
{
	struct group_members *m = full();
	const struct member_address other = v4(2, 1);

	(void)state;
	assert_int_equal(voters_remove(&all, id_of(1, 8)), 0);
	assert_int_equal(group_members_add(m, &other, &all, id_of(1, 8)), -E2BIG);
	assert_non_null(group_members_known(m, id_of(1, 8)));
}

static void the_first_place_is_like_any_other(void **state)
{
	struct group_members *m = full();

	(void)state;
	assert_int_equal(voters_remove(&all, id_of(1, 1)), 0);
	assert_int_equal(add(m, v4(2, 1)), 0);
	assert_null(group_members_known(m, id_of(1, 1)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_of_ipv4_are_addresses),
		cmocka_unit_test(ids_of_ipv6_are_hashes),
		cmocka_unit_test(nowhere_has_no_id),
		cmocka_unit_test(each_is_there_once),
		cmocka_unit_test(ids_of_ipv4_tell_the_address),
		cmocka_unit_test(others_have_to_be_known),
		cmocka_unit_test(a_place_is_a_hint),
		cmocka_unit_test(only_the_known_are_heard),
		cmocka_unit_test(a_cycle_ends_as_the_last),
		cmocka_unit_test(there_are_so_many),
		cmocka_unit_test(places_are_given_back),
		cmocka_unit_test(not_without_need),
		cmocka_unit_test(this_member_keeps_its_own),
		cmocka_unit_test(the_first_place_is_like_any_other),
	};

	return cmocka_run_group_tests_name("group members", tests, NULL, NULL);
}
