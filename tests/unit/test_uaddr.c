/* SPDX-License-Identifier: BSD-3-Clause */
/* Universal addresses (RFC 5665, section 5.2.3), and whatever else may come in their place. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/address.h"
#include "tests/support/random.h"

static void universal_addresses(void **state)
{
	static const struct {
		const char *uaddr;
		const char *text;
	} same[] = {
		{ "127.0.0.1.0.111", "127.0.0.1:111" },
		{ "0.0.0.0.255.255", "0.0.0.0:65535" },
		{ "::1.0.111", "[::1]:111" },
		{ "::.3.228", "[::]:996" },
		{ "2001:db8::1.1.0", "[2001:db8::1]:256" },
		{ "::ffff:192.0.2.1.8.1", "[::ffff:192.0.2.1]:2049" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
		const int family = same[i].text[0] == '[' ? AF_INET6 : AF_INET;
		struct address a;
		char buf[ADDRESS_TEXT_MAX];

		assert_true(address_from_uaddr(&a, family, same[i].uaddr));
		assert_string_equal(address_text(&a, buf), same[i].text);
		assert_string_equal(address_to_uaddr(&a, buf), same[i].uaddr);
		assert_false(address_from_uaddr(&a, family == AF_INET ? AF_INET6 : AF_INET,
						same[i].uaddr));
	}
}

/* A scope is this machine's own affair; RFC 5665 has no place for it. */
static void a_universal_address_has_no_scope(void **state)
{
	struct address a;
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	assert_true(address_parse(&a, "fe80::1%lo"));
	address_set_port(&a, 111);
	assert_string_equal(address_to_uaddr(&a, buf), "fe80::1.0.111");
}

static void what_is_not_a_universal_address(void **state)
{
	char too_long[ADDRESS_TEXT_MAX + 1] = "127.0.0.1.0.";
	const char *const wrong[] = {
		"",
		".",
		"..",
		".0.111",
		"127.0.0.1",
		"127.0.0.1.0",
		"127.0.0.1.0.",
		"127.0.0.1..111",
		"127.0.0.1.0.256",
		"127.0.0.1.256.0",
		"127.0.0.1.-1.0",
		"127.0.0.1.0.0.0",
		"127.0.0.1.0x0.0",
		"127.0.0.1.0.1 ",
		"localhost.0.111",
		"/run/rpcbind.sock",
		too_long,
	};
	struct address a;

	(void)state;
	memset(too_long + strlen(too_long), '0', ADDRESS_TEXT_MAX - strlen(too_long));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		if (address_from_uaddr(&a, AF_INET, wrong[i]) ||
		    address_from_uaddr(&a, AF_INET6, wrong[i])) {
			fail_msg("'%s' is taken for a universal address", wrong[i]);
		}
	}
}

static struct address random_address(struct random *r)
{
	struct address a =
		address_any(random_between(r, 0, 1) ? AF_INET : AF_INET6, (uint16_t)random_next(r));
	uint64_t bits[2] = { random_next(r), random_next(r) };

	bits[0] &= random_next(r); /* some of the octets 0, so that "::" comes in */
	bits[0] &= random_next(r);
	if (a.sa.ss_family == AF_INET) {
		memcpy(&((struct sockaddr_in *)&a.sa)->sin_addr, bits, 4);
	} else {
		memcpy(&((struct sockaddr_in6 *)&a.sa)->sin6_addr, bits, 16);
	}
	return a;
}

static bool universal_address_comes_back(struct random *r)
{
	const struct address a = random_address(r);
	struct address b;
	char uaddr[ADDRESS_TEXT_MAX];

	return address_from_uaddr(&b, a.sa.ss_family, address_to_uaddr(&a, uaddr)) &&
	       a.len == b.len && memcmp(&a.sa, &b.sa, sizeof(a.sa)) == 0;
}

/* Any text is refused or is a universal address, and nothing is read beyond its end. */
static bool garbage_does_no_harm(struct random *r)
{
	static const char letters[] = "0123456789abcdef.:%/-\xff";
	char garbage[ADDRESS_TEXT_MAX + 20];
	char uaddr[ADDRESS_TEXT_MAX];
	const size_t n = (size_t)random_between(r, 0, sizeof(garbage) - 1);
	struct address a;

	for (size_t i = 0; i < n; i++) {
		garbage[i] = letters[random_between(r, 0, sizeof(letters) - 2)];
	}
	garbage[n] = '\0';
	return !address_from_uaddr(&a, AF_INET6, garbage) ||
	       strlen(address_to_uaddr(&a, uaddr)) < sizeof(uaddr);
}

static void any_universal_address(void **state)
{
	(void)state;
	assert_true(
		random_holds("universal_address_comes_back", universal_address_comes_back, 20000));
	assert_true(random_holds("garbage_does_no_harm", garbage_does_no_harm, 20000));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(universal_addresses),
		cmocka_unit_test(a_universal_address_has_no_scope),
		cmocka_unit_test(what_is_not_a_universal_address),
		cmocka_unit_test(any_universal_address),
	};

	return cmocka_run_group_tests_name("uaddr", tests, NULL, NULL);
}
