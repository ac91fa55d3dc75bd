/* SPDX-License-Identifier: BSD-3-Clause */
/* The hosts that count as one client for limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/server/admission.h"

static struct host client_of(const char *text)
{
	struct address address;
	struct host host;

	assert_true(address_parse(&address, text));
	host = address_host(&address);
	return admission_client(&host);
}

static bool are_one(const char *a, const char *b)
{
	const struct host first = client_of(a), second = client_of(b);

	return memcmp(&first, &second, sizeof(first)) == 0;
}

static void each_address_of_ipv4_is_a_client(void **state)
{
	(void)state;
	assert_true(are_one("192.0.2.1", "192.0.2.1"));
	assert_false(are_one("192.0.2.1", "192.0.2.2"));
	assert_true(are_one("192.0.2.1", "::ffff:192.0.2.1"));
}

static void each_network_of_ipv6_is_a_client(void **state)
{
	(void)state;
	assert_true(are_one("2001:db8:0:1::1", "2001:db8:0:1:ffff:ffff:ffff:ffff"));
	assert_false(are_one("2001:db8:0:1::1", "2001:db8:0:2::1"));
}

/* They are all in one network, and one of them must not take the others' share. */
static void each_neighbour_is_a_client(void **state)
{
	(void)state;
	assert_false(are_one("fe80::1", "fe80::2"));
	assert_false(are_one("febf::1", "febf::2"));
	assert_true(are_one("fec0::1", "fec0::2"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_address_of_ipv4_is_a_client),
		cmocka_unit_test(each_network_of_ipv6_is_a_client),
		cmocka_unit_test(each_neighbour_is_a_client),
	};

	return cmocka_run_group_tests_name("admission", tests, NULL, NULL);
}
