/* SPDX-License-Identifier: BSD-3-Clause */
/* Putting the answers to two broadcasts together. */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure/discovery.h"
#include "tests/support/random.h"

struct answers {
	struct broadcast_answers indirect, plain;
};

static int set_up(void **state)
{
	struct answers *a = calloc(1, sizeof(*a));

	a->indirect.ended = a->plain.ended = 1;
	*state = a;
	return 0;
}

static int tear_down(void **state)
{
	free(*state);
	return 0;
}

static void answer(struct broadcast_answers *a, const char *address, uint16_t port)
{
	assert_true(address_parse(&a->from[a->n], address));
	address_set_port(&a->from[a->n++], port);
}

static void assert_server(const struct discovery *d, size_t i, const char *expected, bool indirect)
{
	char text[ADDRESS_TEXT_MAX];

	assert_true(i < d->n);
	assert_string_equal(address_text(&d->servers[i].at, text), expected);
	assert_int_equal(d->servers[i].indirect, indirect);
}

static void each_server_is_there_once_by_address(void **state)
{
	struct answers *a = *state;
	struct discovery d;

	answer(&a->indirect, "192.0.2.9", 4009);
	answer(&a->indirect, "198.51.100.1", 4009); /* it is only named */
	answer(&a->indirect, "192.0.2.3", 4003);
	answer(&a->plain, "192.0.2.3", 4003);
	answer(&a->plain, "192.0.2.5", 0); /* an rpcbind that knows no server */
	answer(&a->plain, "192.0.2.1", 4001);
	answer(&a->plain, "192.0.2.9", 4010); /* is right about itself */
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_int_equal(d.n, 3);
	assert_int_equal(d.found, 3);
	assert_int_equal(d.rpcbinds, 4);
	assert_int_equal(d.error, 0);
	assert_true(d.indirect_known);
	assert_server(&d, 0, "192.0.2.1:4001", false);
	assert_server(&d, 1, "192.0.2.3:4003", true);
	assert_server(&d, 2, "192.0.2.9:4010", true);
}

static void an_indirect_call_that_did_not_end_says_nothing(void **state)
{
	struct answers *a = *state;
	struct discovery d;

	a->indirect.ended = 0;
	answer(&a->plain, "192.0.2.3", 4003);
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_int_equal(d.n, 1);
	assert_false(d.indirect_known);
	a->indirect.ended = 1;
	a->indirect.error = -EIO;
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_false(d.indirect_known);
}

static void an_error_counts_if_nothing_came(void **state)
{
	struct answers *a = *state;
	struct discovery d;

	a->plain.error = -ENETUNREACH;
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_int_equal(d.error, -ENETUNREACH);
	assert_int_equal(d.n, 0);
	answer(&a->indirect, "192.0.2.3", 4003);
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_int_equal(d.error, 0);
	assert_int_equal(d.n, 0);
}

static void more_than_can_be_measured(void **state)
{
	struct answers *a = *state;
	struct discovery d;

	for (unsigned i = 0; i < BROADCAST_MAX_ANSWERS; i++) {
		answer(&a->plain, "10.0.0.0", 4000);
		((struct sockaddr_in *)&a->plain.from[i].sa)->sin_addr.s_addr += i << 24;
	}
	discovery_merge(&d, &a->indirect, &a->plain);
	assert_int_equal(d.n, MEASURE_MAX_SERVERS);
	assert_int_equal(d.found, BROADCAST_MAX_ANSWERS);
	assert_int_equal(d.rpcbinds, BROADCAST_MAX_ANSWERS);
}

/* The memory in which the answers come could be written to by whoever broke the process. */
static bool any_memory_is_survived(struct random *r)
{
	static struct answers a;
	static struct discovery d;

	for (size_t i = 0; i < sizeof(a); i += 8) {
		const uint64_t any = random_next(r) & (random_between(r, 0, 1) ? UINT64_MAX : 0xff);

		memcpy((char *)&a + i, &any, sizeof(a) - i < 8 ? sizeof(a) - i : 8);
	}
	for (size_t i = 0; i < BROADCAST_MAX_ANSWERS; i++) {
		if (random_between(r, 0, 1)) {
			a.plain.from[i].sa.ss_family = AF_INET;
			a.plain.from[i].len = sizeof(struct sockaddr_in);
		}
	}
	discovery_merge(&d, &a.indirect, &a.plain);
	for (size_t i = 0; i < d.n; i++) {
		if (d.servers[i].at.sa.ss_family != AF_INET ||
		    d.servers[i].at.len != sizeof(struct sockaddr_in)) {
			return false;
		}
	}
	return d.n <= MEASURE_MAX_SERVERS && d.rpcbinds <= BROADCAST_MAX_ANSWERS;
}

static void any_memory(void **state)
{
	(void)state;
	assert_true(random_holds("any memory is survived", any_memory_is_survived, 200));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(each_server_is_there_once_by_address, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(an_indirect_call_that_did_not_end_says_nothing,
						set_up, tear_down),
		cmocka_unit_test_setup_teardown(an_error_counts_if_nothing_came, set_up, tear_down),
		cmocka_unit_test_setup_teardown(more_than_can_be_measured, set_up, tear_down),
		cmocka_unit_test(any_memory),
	};

	return cmocka_run_group_tests_name("discovery", tests, NULL, NULL);
}
