/* SPDX-License-Identifier: BSD-3-Clause */
/* Access lists: the networks that are understood, and the hosts in them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rpc/server/access.h"

static bool allows(const struct access *a, const char *host)
{
	struct address address;
	struct host h;

	assert_true(address_parse(&address, host));
	h = address_host(&address);
	return access_allows(a, &h);
}

static void without_rules_everyone_is_served(void **state)
{
	const struct access a = { 0 };

	(void)state;
	assert_true(allows(&a, "203.0.113.7"));
	assert_true(allows(&a, "2001:db8::7"));
}

static void one_network(void **state)
{
	struct access a = { 0 };

	(void)state;
	assert_int_equal(access_allow(&a, "192.0.2.64/26"), 0);
	assert_true(allows(&a, "192.0.2.64"));
	assert_true(allows(&a, "192.0.2.127"));
	assert_false(allows(&a, "192.0.2.63"));
	assert_false(allows(&a, "192.0.2.128"));
	assert_false(allows(&a, "2001:db8::1"));
	assert_false(allows(&a, "::1"));
}

static void networks_add_up(void **state)
{
	struct access a = { 0 };

	(void)state;
	assert_int_equal(access_allow(&a, "127.0.0.1"), 0);
	assert_int_equal(access_allow(&a, "2001:db8::/33"), 0);
	assert_true(allows(&a, "127.0.0.1"));
	assert_false(allows(&a, "127.0.0.2"));
	assert_true(allows(&a, "2001:db8:7fff::1"));
	assert_false(allows(&a, "2001:db8:8000::1"));
}

/* An IPv4 client is the same whichever socket it came by, and "::/0" is everyone. */
static void mapped_addresses_are_ipv4(void **state)
{
	struct access a = { 0 }, all = { 0 };

	(void)state;
	assert_int_equal(access_allow(&a, "192.0.2.0/24"), 0);
	assert_true(allows(&a, "::ffff:192.0.2.9"));
	assert_int_equal(access_allow(&all, "::/0"), 0);
	assert_true(allows(&all, "192.0.2.9"));
}

static void every_prefix_length(void **state)
{
	(void)state;
	for (int bits = 0; bits <= 32; bits++) {
		const uint32_t inside = 0x80000000;
		struct access a = { 0 };
		struct host other = { .octets = { [10] = 0xff, [11] = 0xff, [12] = 0x80 } };
		char text[32];

		assert_true(snprintf(text, sizeof(text), "%u.0.0.0/%d",
				     bits == 0 ? 0 : inside >> 24, bits) > 0);
		assert_int_equal(access_allow(&a, text), 0);
		assert_true(access_allows(&a, &other));
		if (bits > 0) { /* the last bit that counts, flipped */
			other.octets[12 + (bits - 1) / 8] ^= (uint8_t)(0x80 >> (bits - 1) % 8);
			assert_false(access_allows(&a, &other));
		}
	}
}

static void what_is_not_a_network(void **state)
{
	static const char *const wrong[] = {
		"",
		"/",
		"192.0.2.0/",
		"192.0.2.0/33",
		"192.0.2.0/-1",
		"192.0.2/24",
		"192.0.2.0/ 8",
		"192.0.2.0/8x",
		"::/129",
		"localhost",
		"192.0.2.0/24/24",
	};
	struct access a = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_int_equal(access_allow(&a, wrong[i]), -EINVAL);
	}
	assert_int_equal(a.n, 0);
}

static void bits_behind_the_prefix_are_a_slip(void **state)
{
	struct access a = { 0 };

	(void)state;
	assert_int_equal(access_allow(&a, "192.0.2.1/24"), -EDOM);
	assert_int_equal(access_allow(&a, "10.0.0.0/7"), 0);
	assert_int_equal(access_allow(&a, "11.0.0.0/7"), -EDOM);
	assert_int_equal(access_allow(&a, "::1/127"), -EDOM);
	assert_int_equal(a.n, 1);
}

static void the_list_is_bounded(void **state)
{
	struct access a = { 0 };

	(void)state;
	for (int i = 0; i < ACCESS_MAX_RULES; i++) {
		assert_int_equal(access_allow(&a, "10.0.0.0/8"), 0);
	}
	assert_int_equal(access_allow(&a, "10.0.0.0/8"), -ENOSPC);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_rules_everyone_is_served),
		cmocka_unit_test(one_network),
		cmocka_unit_test(networks_add_up),
		cmocka_unit_test(mapped_addresses_are_ipv4),
		cmocka_unit_test(every_prefix_length),
		cmocka_unit_test(what_is_not_a_network),
		cmocka_unit_test(bits_behind_the_prefix_are_a_slip),
		cmocka_unit_test(the_list_is_bounded),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
