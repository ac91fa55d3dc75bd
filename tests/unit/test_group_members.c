/* SPDX-License-Identifier: BSD-3-Clause */
/* Who belongs to a group: ids, addresses, what the user named, and which of them is this machine.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "group/agent/members.h"
#include "tests/support/output.h"

/* 127.0.0.1:7000, and that as an id. */
#define PORT    7000
#define HOST_ID UINT64_C(0x7f0000011b58)

static int setup(void **state)
{
	static struct group_members members;

	*state = &members;
	return group_members_open(&members);
}

static int teardown(void **state)
{
	group_members_close(*state);
	return 0;
}

static struct address address_at(const char *host, uint16_t port)
{
	struct address a;

	assert_true(address_parse(&a, host));
	address_set_port(&a, port);
	return a;
}

static member_id id_of(const char *host, uint16_t port)
{
	const struct address a = address_at(host, port);

	return group_members_id(&a);
}

static int add(struct group_members *m, const char *host, uint16_t port)
{
	const struct address a = address_at(host, port);

	return group_members_add(m, &a);
}

/* --- ids --- */

static void ids_of_ipv4_are_addresses(void **state)
{
	(void)state;
	assert_int_equal(id_of("127.0.0.1", PORT), HOST_ID);
	assert_int_equal(id_of("255.255.255.255", 65535), UINT64_C(0xffffffffffff));
	assert_true(id_of("10.0.0.2", 1) > id_of("10.0.0.1", 65535));
}

/* Reckoned by another implementation of FNV-1a. */
static void ids_of_ipv6_are_hashes(void **state)
{
	(void)state;
	assert_int_equal(id_of("::1", PORT), UINT64_C(0xef20acb1c2b52269));
	assert_int_equal(id_of("2001:db8::1", PORT), UINT64_C(0xd3986617047135df));
	assert_int_equal(id_of("2001:db8::1", PORT + 1), UINT64_C(0xd39865170471342c));
}

static void no_other_address_has_an_id(void **state)
{
	struct address local;

	(void)state;
	assert_true(address_unix(&local, "/run/socket"));
	assert_int_equal(group_members_id(&local), MEMBER_NONE);
}

/* --- the table --- */

static void each_is_there_once(void **state)
{
	struct group_members *m = *state;

	assert_int_equal(add(m, "127.0.0.1", PORT), 0);
	assert_int_equal(add(m, "::1", PORT), 1);
	assert_int_equal(add(m, "127.0.0.1", PORT + 1), 2);
	assert_int_equal(add(m, "127.0.0.1", PORT), 0);
	assert_int_equal(add(m, "::1", PORT), 1);
	assert_int_equal(m->n, 3);
	assert_int_equal(m->member[0].id, HOST_ID);
	assert_int_equal(m->member[0].poll.part, GROUP_UNMEASURED);
	assert_false(m->member[0].was_heard);
	assert_int_equal(add(m, "127.0.0.1", 0), -EINVAL);
	assert_int_equal(add(m, "::1", 0), -EINVAL);
	assert_int_equal(m->n, 3);
}

static void ids_of_ipv4_tell_the_address(void **state)
{
	struct group_members *m = *state;
	const struct group_member *found = group_members_find(m, HOST_ID);
	char text[ADDRESS_TEXT_MAX];

	assert_non_null(found);
	assert_string_equal(address_text(&found->at, text), "127.0.0.1:7000");
	assert_int_equal(found->id, HOST_ID);
	assert_int_equal(m->n, 1);
	assert_ptr_equal(group_members_find(m, HOST_ID), found);
	assert_int_equal(m->n, 1);
}

static void others_have_to_be_known(void **state)
{
	struct group_members *m = *state;
	const member_id id = id_of("::1", PORT);

	assert_null(group_members_find(m, id));
	assert_int_equal(add(m, "::1", PORT), 0);
	assert_ptr_equal(group_members_find(m, id), &m->member[0]);
	assert_null(group_members_find(m, MEMBER_NONE));
	assert_null(group_members_find(m, HOST_ID & ~UINT64_C(0xffff))); /* port 0 */
	assert_null(group_members_find(m, UINT64_C(1) << 48 | HOST_ID));
	assert_null(group_members_find(m, UINT64_MAX));
	assert_int_equal(m->n, 1);
}

/* --- what the user named --- */

/* What it returns, and the message that goes with it. */
static int resolve(struct group_members *m, const char *const *names, size_t n, char said[512])
{
	static struct group_settings settings;
	struct output errors;
	int rc;

	settings = (struct group_settings){ .n_members = n };
	memcpy(settings.members, names, n * sizeof(names[0]));
	output_divert(&errors, STDERR_FILENO);
	rc = group_members_resolve(m, &settings);
	output_restore(&errors, said, 512);
	return rc;
}

static void addresses_and_ports(void **state)
{
	static const char *const names[] = { "127.0.0.1:7000", "127.0.0.2" };
	static const char *const names6[] = { "[::1]:7000", "2001:db8::1", "[2001:db8::1]:21318" };
	struct group_members *m = *state, six;
	char said[512];

	assert_int_equal(resolve(m, names, 2, said), 0);
	assert_int_equal(m->n, 2);
	assert_int_equal(m->member[0].id, HOST_ID);
	assert_int_equal(m->member[1].id, id_of("127.0.0.2", GROUP_SETTINGS_PORT));
	assert_int_equal(group_members_open(&six), 0);
	assert_int_equal(resolve(&six, names6, 3, said), 0);
	assert_int_equal(six.n, 3);
	assert_int_equal(six.member[1].id, id_of("2001:db8::1", GROUP_SETTINGS_PORT));
	assert_string_equal(said, "");
	group_members_close(&six);
}

static void assert_unresolved(struct group_members *m, const char *one, const char *other,
			      int error, const char *words)
{
	const char *const names[] = { one, other };
	char said[512];

	m->n = 0;
	assert_int_equal(resolve(m, names, 2, said), error);
	if (!strstr(said, words)) {
		fail_msg("'%s' is not in: %s", words, said);
	}
}

static void names_that_are_none(void **state)
{
	static const char *const bad[] = { "",     ":7000",  "127.0.0.1:0", "127.0.0.1:65536",
					   "[::1", "no host" };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_unresolved(*state, "127.0.0.1", bad[i], -ENOENT,
				  "cannot find the group's member '");
	}
	assert_unresolved(*state, "127.0.0.1", "127.0.0.1:21319", -EEXIST,
			  "'127.0.0.1:21319' is named twice");
	assert_unresolved(*state, "127.0.0.1", "::1", -EAFNOSUPPORT, "all of IPv4 or all of IPv6");
	assert_unresolved(*state, "::1", "127.0.0.1", -EAFNOSUPPORT, "all of IPv4 or all of IPv6");
}

static void addresses_of_no_host(void **state)
{
	static const char *const none[] = { "0.0.0.0:7000", "224.0.0.1", "255.255.255.255:7000",
					    "[::]:7000", "ff02::1" };

	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_unresolved(*state, "127.0.0.1", none[i], -EADDRNOTAVAIL, "which is no host");
	}
}

/* --- which of them is this machine --- */

static int self(const struct group_members *m, uint16_t port, const char *given, char said[512])
{
	struct address at;
	struct output errors;
	int rc;

	if (given) {
		at = address_at(given, 0);
	}
	output_divert(&errors, STDERR_FILENO);
	rc = group_members_self(m, port, given ? &at : NULL);
	output_restore(&errors, said, 512);
	return rc;
}

static void one_is_this_machine(void **state)
{
	struct group_members *m = *state;
	char said[512];

	add(m, "127.0.0.1", PORT + 1);
	add(m, "127.0.0.1", PORT);
	assert_int_equal(self(m, PORT, NULL, said), 1);
	assert_int_equal(self(m, PORT + 1, "127.0.0.1", said), 0);
	assert_string_equal(said, "");
}

static void others_have_to_reach_it(void **state)
{
	struct group_members *m = *state;
	char said[512];

	add(m, "127.0.0.1", PORT);
	assert_int_equal(self(m, PORT, NULL, said), 0);
	assert_non_null(strstr(said, "no other one can join"));
	add(m, "192.0.2.1", PORT); /* of nobody: RFC 5737 */
	assert_int_equal(self(m, PORT, NULL, said), -EADDRNOTAVAIL);
	assert_non_null(strstr(said, "this machine is 127.0.0.1:7000 in the group"));
}

static void none_is_this_machine(void **state)
{
	struct group_members *m = *state;
	char said[512];

	assert_int_equal(self(m, PORT, NULL, said), -ENOENT);
	add(m, "192.0.2.1", PORT);
	add(m, "127.0.0.1", PORT);
	assert_int_equal(self(m, PORT + 1, NULL, said), -ENOENT);
	assert_non_null(strstr(said, "none of the group's members is this machine at port 7001"));
	assert_int_equal(self(m, PORT, "127.0.0.2", said), -ENOENT);
	assert_int_equal(self(m, PORT, "192.0.2.1", said), -ENOENT);
	assert_int_equal(self(m, PORT, "::1", said), -ENOENT);
}

static void several_are_this_machine(void **state)
{
	struct group_members *m = *state;
	char said[512];

	add(m, "127.0.0.1", PORT);
	add(m, "127.0.0.2", PORT);
	assert_int_equal(self(m, PORT, NULL, said), -EEXIST);
	assert_non_null(strstr(said, "say which by --address"));
	assert_int_equal(self(m, PORT, "127.0.0.2", said), 1);
	assert_int_equal(self(m, PORT, "127.0.0.1", said), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
		TEST(ids_of_ipv4_are_addresses),    TEST(ids_of_ipv6_are_hashes),
		TEST(no_other_address_has_an_id),   TEST(each_is_there_once),
		TEST(ids_of_ipv4_tell_the_address), TEST(others_have_to_be_known),
		TEST(addresses_and_ports),          TEST(names_that_are_none),
		TEST(one_is_this_machine),          TEST(none_is_this_machine),
		TEST(others_have_to_reach_it),      TEST(several_are_this_machine),
		TEST(addresses_of_no_host),
	};

	return cmocka_run_group_tests_name("group members", tests, NULL, NULL);
}
