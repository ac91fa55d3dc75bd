/* SPDX-License-Identifier: BSD-3-Clause */
/* The connections of a stream server: how many come from where, and which can be spared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/server/connections.h"
#include "tests/support/random.h"

static struct host host_number(unsigned i)
{
	struct host h = { .octets = { 0 } };

	h.octets[14] = (uint8_t)(i >> 8);
	h.octets[15] = (uint8_t)i;
	return h;
}

static struct connection *add(struct connections *set, unsigned host, int64_t at)
{
	const struct host h = host_number(host);
	int fd = dup(STDIN_FILENO);
	struct connection *c;

	assert_true(fd >= 0);
	c = connections_add(set, fd, &h, (struct mono){ at });
	assert_non_null(c);
	return c;
}

static size_t from(const struct connections *set, unsigned host)
{
	const struct host h = host_number(host);

	return connections_from(set, &h);
}

static struct connection *spare_from(const struct connections *set, unsigned host)
{
	const struct host h = host_number(host);

	return connections_spare_from(set, &h);
}

static int open_set(void **state)
{
	return connections_open((struct connections **)state, 4);
}

static int close_set(void **state)
{
	connections_close(*state);
	return 0;
}

static void an_empty_set_has_nothing_to_spare(void **state)
{
	assert_int_equal(connections_count(*state), 0);
	assert_null(connections_spare(*state));
	assert_int_equal(from(*state, 1), 0);
	assert_null(spare_from(*state, 1));
}

static void each_host_is_counted_apart(void **state)
{
	struct connection *a = add(*state, 1, 10);
	struct connection *b = add(*state, 2, 20);
	struct connection *c = add(*state, 1, 30);

	assert_int_equal(from(*state, 1), 2);
	assert_int_equal(from(*state, 2), 1);
	assert_int_equal(from(*state, 3), 0);
	assert_ptr_equal(spare_from(*state, 1), a);
	assert_ptr_equal(spare_from(*state, 2), b);
	connections_remove(*state, a);
	assert_ptr_equal(spare_from(*state, 1), c);
	connections_remove(*state, c);
	assert_int_equal(from(*state, 1), 0);
	assert_null(spare_from(*state, 1));
	assert_int_equal(from(*state, 2), 1);
	assert_int_equal(connections_count(*state), 1);
}

/* The longest idle or busy goes first, whichever of both it is. */
static void the_longest_idle_or_busy_goes_first(void **state)
{
	struct connection *a = add(*state, 1, 10);
	struct connection *b = add(*state, 1, 20);
	struct connection *c = add(*state, 1, 30);

	connections_mark(*state, a, true, false, (struct mono){ 40 });
	assert_ptr_equal(spare_from(*state, 1), b);
	assert_ptr_equal(connections_spare(*state), b);
	connections_mark(*state, b, true, false, (struct mono){ 50 });
	assert_ptr_equal(spare_from(*state, 1), c);
	connections_mark(*state, c, true, false, (struct mono){ 60 });
	assert_ptr_equal(spare_from(*state, 1), a);
	assert_ptr_equal(connections_spare(*state), a);
	connections_mark(*state, a, false, false, (struct mono){ 70 });
	assert_ptr_equal(spare_from(*state, 1), b);
	connections_mark(*state, b, true, true, (struct mono){ 80 });
	assert_ptr_equal(spare_from(*state, 1), c);
}

/* More hosts than the set was made for, added and removed in any order: never a wrong count. */
static void many_hosts(void **state)
{
	enum { HOSTS = 200, SLOTS = 500, STEPS = 20000 };
	static struct connection *slots[SLOTS];
	static unsigned host_in[SLOTS];
	size_t expected[HOSTS] = { 0 };
	struct random r = random_from(1);

	for (int i = 0; i < STEPS; i++) {
		const size_t slot = (size_t)random_between(&r, 0, SLOTS - 1);

		if (slots[slot]) {
			connections_remove(*state, slots[slot]);
			slots[slot] = NULL;
			expected[host_in[slot]]--;
		} else {
			host_in[slot] = (unsigned)random_between(&r, 0, HOSTS - 1);
			slots[slot] = add(*state, host_in[slot], i);
			expected[host_in[slot]]++;
		}
		assert_int_equal(from(*state, host_in[slot]), expected[host_in[slot]]);
	}
	for (unsigned h = 0; h < HOSTS; h++) {
		assert_int_equal(from(*state, h), expected[h]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_empty_set_has_nothing_to_spare, open_set,
						close_set),
		cmocka_unit_test_setup_teardown(each_host_is_counted_apart, open_set, close_set),
		cmocka_unit_test_setup_teardown(the_longest_idle_or_busy_goes_first, open_set,
						close_set),
		cmocka_unit_test_setup_teardown(many_hosts, open_set, close_set),
	};

	return cmocka_run_group_tests_name("connections_hosts", tests, NULL, NULL);
}
