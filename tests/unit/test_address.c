/* SPDX-License-Identifier: BSD-3-Clause */
/* Addresses: as text for people, what kinds there are, and netids. */
#include <net/if.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include <cmocka.h>

#include "rpc/address.h"

static struct address parsed(const char *text)
{
	struct address a;

	assert_true(address_parse(&a, text));
	return a;
}

static void check_text(const char *host, uint16_t port, const char *text)
{
	struct address a = parsed(host);
	char buf[ADDRESS_TEXT_MAX];

	assert_int_equal(address_port(&a), 0);
	address_set_port(&a, port);
	assert_int_equal(address_port(&a), port);
	assert_ptr_equal(address_text(&a, buf), buf);
	assert_string_equal(buf, text);
	assert_ptr_equal(address_host_text(&a, buf), buf);
	assert_string_equal(buf, host);
}

static void text_for_people(void **state)
{
	(void)state;
	check_text("127.0.0.1", 111, "127.0.0.1:111");
	check_text("255.255.255.255", 65535, "255.255.255.255:65535");
	check_text("::1", 111, "[::1]:111");
	check_text("2001:db8::7", 1, "[2001:db8::7]:1");
	check_text("::ffff:192.0.2.1", 65535, "[::ffff:192.0.2.1]:65535");
	check_text("fe80::1%lo", 12, "[fe80::1%lo]:12");
}

/* The scope may be a number, and is one when no interface has it. */
static void scopes(void **state)
{
	const unsigned lo = if_nametoindex("lo");
	char numbered[32];
	struct address a;

	(void)state;
	assert_true(lo > 0);
	snprintf(numbered, sizeof(numbered), "fe80::1%%%u", lo);
	a = parsed(numbered);
	assert_int_equal(((const struct sockaddr_in6 *)&a.sa)->sin6_scope_id, lo);
	a = parsed("fe80::1%4000000000");
	assert_int_equal(((const struct sockaddr_in6 *)&a.sa)->sin6_scope_id, 4000000000);
	check_text("fe80::1%4000000000", 1, "[fe80::1%4000000000]:1");
}

static void what_is_not_an_address(void **state)
{
	static const char *const wrong[] = {
		"",
		"localhost",
		"127.1",
		"127.0.0.1 ",
		" 127.0.0.1",
		"256.0.0.1",
		"127.0.0.1:80",
		"127.0.0.1%lo",
		"0x7f.0.0.1",
		"[::1]",
		"::1%",
		"::1%no-such-if",
		"::1%0",
		"::1%-1",
		"::1%4294967296",
		":::",
		"1::2::3",
		"12345::",
		"::1/64",
		"%lo",
		"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct address a = address_any(AF_INET, 7);

		if (address_parse(&a, wrong[i])) {
			fail_msg("'%s' is taken for an address", wrong[i]);
		}
		assert_int_equal(address_port(&a), 7); /* left alone */
	}
}

static void wildcards(void **state)
{
	static const char *const other[] = { "127.0.0.1", "0.0.0.1", "::1", "::ffff:0.0.0.0" };
	struct address a;
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	a = address_any(AF_INET, 5);
	assert_string_equal(address_text(&a, buf), "0.0.0.0:5");
	assert_true(address_is_any(&a));
	a = address_any(AF_INET6, 5);
	assert_string_equal(address_text(&a, buf), "[::]:5");
	assert_true(address_is_any(&a));
	for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++) {
		a = parsed(other[i]);
		assert_false(address_is_any(&a));
	}
	assert_true(address_unix(&a, "/"));
	assert_false(address_is_any(&a));
}

static void who_is_on_this_machine_only(void **state)
{
	static const char *const yes[] = { "127.0.0.1", "127.0.1.1", "127.255.255.255", "::1" };
	static const char *const no[] = { "126.255.255.255", "128.0.0.0", "0.0.0.0", "::", "::2" };
	struct address a;

	(void)state;
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		a = parsed(yes[i]);
		assert_true(address_is_loopback(&a));
	}
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++) {
		a = parsed(no[i]);
		assert_false(address_is_loopback(&a));
	}
	assert_true(address_unix(&a, "/"));
	assert_false(address_is_loopback(&a));
}

static void one_host_or_many(void **state)
{
	static const struct {
		const char *text;
		bool one;
	} rows[] = {
		{ "0.0.0.0", false },
		{ "0.0.0.1", true },
		{ "192.0.2.1", true },
		{ "127.0.0.1", true },
		{ "223.255.255.255", true },
		{ "224.0.0.0", false },
		{ "239.255.255.255", false },
		{ "240.0.0.1", true },
		{ "255.255.255.255", false },
		{ "::", false },
		{ "::1", true },
		{ "2001:db8::1", true },
		{ "ff02::202", false },
		{ "::ffff:0.0.0.0", false },
		{ "::ffff:224.0.0.1", false },
		{ "::ffff:255.255.255.255", false },
		{ "::ffff:192.0.2.1", true },
		{ "64:ff9b::", false },
		{ "64:ff9b::192.0.2.1", true },
	};
	struct address a;

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_true(address_parse(&a, rows[i].text));
		assert_int_equal(address_is_one_host(&a), rows[i].one);
	}
}

/* Which are broadcast addresses the kernel knows: of the loopback, in any namespace, this one. */
static void the_broadcast_address_of_a_network(void **state)
{
	static const char *const broadcast[] = { "127.255.255.255", "::ffff:127.255.255.255" };
	static const char *const hosts[] = { "127.0.0.1", "127.255.255.254", "::1" };
	struct address a;

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		assert_true(address_parse(&a, broadcast[i]));
		assert_int_equal(address_kind(&a), HOST_ONE);
		assert_int_equal(address_kind_here(&a), HOST_BROADCAST);
	}
	for (size_t i = 0; i < 3; i++) {
		assert_true(address_parse(&a, hosts[i]));
		assert_int_equal(address_kind_here(&a), HOST_ONE);
	}
}

static void loopbacks(void **state)
{
	struct address a;
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	a = address_loopback(AF_INET, 6);
	assert_int_equal(a.len, sizeof(struct sockaddr_in));
	assert_string_equal(address_text(&a, buf), "127.0.0.1:6");
	a = address_loopback(AF_INET6, 6);
	assert_int_equal(a.len, sizeof(struct sockaddr_in6));
	assert_string_equal(address_text(&a, buf), "[::1]:6");
}

static void local_sockets(void **state)
{
	char path[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];
	struct address a;
	struct host h;
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	assert_true(address_unix(&a, "/run/some/socket"));
	assert_int_equal(a.sa.ss_family, AF_UNIX);
	assert_string_equal(address_text(&a, buf), "/run/some/socket");
	assert_int_equal(address_port(&a), 0);
	address_set_port(&a, 80); /* is nothing to it */
	assert_string_equal(address_text(&a, buf), "/run/some/socket");
	h = address_host(&a);
	assert_true(h.octets[0] == 0 && memcmp(h.octets, h.octets + 1, 15) == 0);

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_false(address_unix(&a, path));
	path[sizeof(path) - 2] = '\0';
	assert_true(address_unix(&a, path));
	assert_string_equal(address_text(&a, buf), path);
}

static void hosts(void **state)
{
	const struct address mapped = parsed("::ffff:192.0.2.1"), v4 = parsed("192.0.2.1");
	const struct host a = address_host(&mapped), b = address_host(&v4);

	(void)state;
	assert_memory_equal(a.octets, b.octets, sizeof(a.octets));
}

static void the_same_host(void **state)
{
	static const struct {
		const char *one, *other;
		bool same;
	} pairs[] = {
		{ "192.0.2.1", "192.0.2.1", true },        { "192.0.2.1", "192.0.2.2", false },
		{ "192.0.2.1", "::ffff:192.0.2.1", true }, { "2001:db8::1", "2001:db8::1", true },
		{ "fe80::1%1", "fe80::1%1", true },        { "fe80::1%1", "fe80::1%2", false },
		{ "fe80::1%1", "fe80::1", true }, /* a scope that nobody named */
	};

	(void)state;
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct address a, b;

		assert_true(address_parse(&a, pairs[i].one));
		assert_true(address_parse(&b, pairs[i].other));
		address_set_port(&a, 111);
		assert_int_equal(address_is_same_host(&a, &b), pairs[i].same);
		assert_int_equal(address_is_same_host(&b, &a), pairs[i].same);
		assert_false(address_is_same_place(&a, &b));
		address_set_port(&b, 111);
		assert_int_equal(address_is_same_place(&a, &b), pairs[i].same);
	}
}

static void the_longest_texts_fit(void **state)
{
	struct sockaddr_in6 sa = { .sin6_family = AF_INET6, .sin6_scope_id = UINT32_MAX };
	struct address a = { .len = sizeof(sa) };
	char buf[ADDRESS_TEXT_MAX];

	(void)state;
	memset(&sa.sin6_addr, 0xff, sizeof(sa.sin6_addr));
	memcpy(&a.sa, &sa, sizeof(sa));
	address_set_port(&a, 65535);
	assert_string_equal(address_text(&a, buf),
			    "[ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff%4294967295]:65535");
	a.sa.ss_family = AF_APPLETALK;
	assert_string_equal(address_text(&a, buf), "unknown");
}

static void netids_by_name_and_kind(void **state)
{
	(void)state;
	for (size_t i = 0; i < NETIDS; i++) {
		assert_ptr_equal(netid_named(netids[i].name), &netids[i]);
		assert_ptr_equal(netid_of(netids[i].family, netids[i].socktype), &netids[i]);
	}
	assert_string_equal(netid_of(AF_INET6, SOCK_STREAM)->name, "tcp6");
	assert_null(netid_named("local"));
	assert_null(netid_named(""));
	assert_null(netid_of(AF_UNIX, SOCK_STREAM));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_for_people),
		cmocka_unit_test(scopes),
		cmocka_unit_test(what_is_not_an_address),
		cmocka_unit_test(wildcards),
		cmocka_unit_test(who_is_on_this_machine_only),
		cmocka_unit_test(one_host_or_many),
		cmocka_unit_test(the_broadcast_address_of_a_network),
		cmocka_unit_test(loopbacks),
		cmocka_unit_test(local_sockets),
		cmocka_unit_test(hosts),
		cmocka_unit_test(the_same_host),
		cmocka_unit_test(the_longest_texts_fit),
		cmocka_unit_test(netids_by_name_and_kind),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
