/* SPDX-License-Identifier: BSD-3-Clause */
/* Names and addresses, with a name server that never answers. */
#include <errno.h>
#include <resolv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "measure/target.h"
#include "os/clock_system.h"
#include "tests/support/sockets.h"

#define FOREVER (60 * NS_PER_SEC)

/* Have the resolver ask a socket that nobody reads. */
static int set_up(void **state)
{
	static int fd;
	struct address at = address_loopback(AF_INET, 0);

	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&at.sa, at.len) < 0 ||
	    getsockname(fd, (struct sockaddr *)&at.sa, &at.len) < 0 || res_init() < 0) {
		return -1;
	}
	_res.nscount = 1;
	memcpy(&_res.nsaddr_list[0], &at.sa, sizeof(_res.nsaddr_list[0]));
	*state = &fd;
	return 0;
}

static int tear_down(void **state)
{
	return close(*(int *)*state);
}

static dur_ns since(struct mono began)
{
	return mono_since(clock_mono(clock_system()), began);
}

static void a_silent_name_server_costs_the_timeout(void **state)
{
	const struct target_options options = { .socktype = SOCK_DGRAM, .timeout = NS_PER_SEC / 2 };
	const struct mono began = clock_mono(clock_system());
	struct target_lookup lookups[3] = {
		{ .target.host = { .name = "one.example" } },
		{ .target.host = { .name = "192.0.2.1", .port = 9 } },
		{ .target.host = { .name = "two.example" } },
	};

	(void)state;
	target_resolve_all(lookups, 3, &options);
	assert_true(since(began) >= options.timeout);
	assert_true(since(began) < FOREVER / 2); /* and not for each */
	assert_int_equal(lookups[0].rc, -1);
	assert_string_equal(lookups[0].why,
			    "one.example: no address: the resolver has not answered "
			    "within 0.5 s; does the name server work?");
	assert_int_equal(lookups[1].rc, 0);
	assert_int_equal(lookups[1].target.n, 1);
	assert_int_equal(lookups[2].rc, -1);
}

static void a_descriptor_ends_the_lookup(void **state)
{
	const struct target_options options = { .socktype = SOCK_DGRAM, .timeout = FOREVER };
	const struct parse_host name = { .name = "silent.example" };
	const struct mono began = clock_mono(clock_system());
	char why[TARGET_WHY_MAX];
	struct target t;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "", 1), 1);
	clock_cancel_by(clock_system(), ends[0]);
	assert_int_equal(target_resolve(&t, &name, &options, why), -ECANCELED);
	assert_true(since(began) < FOREVER / 2);
	clock_cancel_by(clock_system(), 0);
	close(ends[0]);
	close(ends[1]);
}

static void an_address_is_not_looked_up(void **state)
{
	static const char *const addresses[] = { "127.0.0.1", "::1", "192.0.2.1", "fe80::1%lo" };
	const struct target_options options = { .socktype = SOCK_DGRAM, .port = 7, .timeout = 1 };
	char why[TARGET_WHY_MAX];
	struct target t;

	(void)state;
	for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
		struct parse_host host = { .port = 0 };

		strcpy(host.name, addresses[i]);
		assert_int_equal(target_resolve(&t, &host, &options, why), 0);
		assert_int_equal(t.n, 1);
		assert_int_equal(t.host.port, 7);
		assert_int_equal(address_port(&t.addresses[0]), 7);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_silent_name_server_costs_the_timeout),
		cmocka_unit_test(a_descriptor_ends_the_lookup),
		cmocka_unit_test(an_address_is_not_looked_up),
	};

	return cmocka_run_group_tests_name("lookup", tests, set_up, tear_down);
}
