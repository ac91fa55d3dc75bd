/* SPDX-License-Identifier: BSD-3-Clause */
/* The members of a group that the user named, and which of them is this machine. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "group/agent/names.h"
#include "group/wire/codec.h"
#include "tests/support/output.h"

#define PORT 7000

static int setup(void **state)
{
	static struct group_names names;

	names.n = 0;
	*state = &names;
	return 0;
}

static struct address address_at(const char *host, uint16_t port)
{
	struct address a;

	assert_true(address_parse(&a, host));
	address_set_port(&a, port);
	return a;
}

static void add(struct group_names *names, const char *host, uint16_t port)
{
	const struct address a = address_at(host, port);

	names->at[names->n++] = group_member_address(&a);
}

static void assert_at(const struct member_address *at, const char *expected)
{
	const struct address a = group_socket_address(at);
	char text[ADDRESS_TEXT_MAX];

	assert_string_equal(address_text(&a, text), expected);
}

/* --- what the user named --- */

/* What it returns, and the message that goes with it. */
static int resolve(struct group_names *m, const char *const *names, size_t n, char said[512])
{
	static struct group_settings settings;
	struct output errors;
	int rc;

	settings = (struct group_settings){ .n_members = n };
	memcpy(settings.members, names, n * sizeof(names[0]));
	output_divert(&errors, STDERR_FILENO);
	rc = group_names_resolve(m, &settings);
	output_restore(&errors, said, 512);
	return rc;
}

static void addresses_and_ports(void **state)
{
	static const char *const names[] = { "127.0.0.1:7000", "127.0.0.2" };
	static const char *const names6[] = { "[::1]:7000", "2001:db8::1", "[2001:db8::1]:21318" };
	static struct group_names six;
	struct group_names *m = *state;
	char said[512];

	assert_int_equal(resolve(m, names, 2, said), 0);
	assert_int_equal(m->n, 2);
	assert_at(&m->at[0], "127.0.0.1:7000");
	assert_at(&m->at[1], "127.0.0.2:21319");
	assert_int_equal(resolve(&six, names6, 3, said), 0);
	assert_int_equal(six.n, 3);
	assert_at(&six.at[1], "[2001:db8::1]:21319");
	assert_string_equal(said, "");
}

static void assert_unresolved(struct group_names *m, const char *one, const char *other, int error,
			      const char *words)
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
	static const char *const bad[] = { "", ":7000", "127.0.0.1:0", "127.0.0.1:65536", "[::1" };

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

static void one_that_is_not_known_now_is_missing(void **state)
{
	static const char *const names[] = { "nobody.invalid:7000", "127.0.0.1", "none.invalid" };
	static const char *const known[] = { "127.0.0.3", "127.0.0.1", "127.0.0.4:7000" };
	struct group_names *m = *state;
	struct group_settings settings = { .n_members = 3 };
	char said[512];

	assert_int_equal(resolve(m, names, 3, said), 0);
	assert_int_equal(m->n, 1);
	assert_at(&m->at[0], "127.0.0.1:21319");
	assert_int_equal(m->n_missing, 2);
	assert_int_equal(m->missing[0], 0);
	assert_int_equal(m->missing[1], 2);
	assert_non_null(strstr(said, "cannot find the group's member 'nobody.invalid:7000' now"));
	assert_non_null(strstr(said, "cannot find the group's member 'none.invalid' now"));
	memcpy(settings.members, known, sizeof(known));
	assert_int_equal(group_names_wait(m, &settings), 0);
	assert_int_equal(m->n_missing, 0);
	assert_int_equal(m->n, 3);
	assert_at(&m->at[1], "127.0.0.3:21319");
	assert_at(&m->at[2], "127.0.0.4:7000");
}

static void waiting_for_names_ends_by_sigterm(void **state)
{
	static const char *const names[] = { "127.0.0.1", "nobody.invalid" };
	struct group_names *m = *state;
	struct group_settings settings = { .n_members = 2 };
	sigset_t end;
	char said[512];

	sigemptyset(&end);
	sigaddset(&end, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &end, NULL), 0);
	assert_int_equal(resolve(m, names, 2, said), 0);
	memcpy(settings.members, names, sizeof(names));
	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(group_names_wait(m, &settings), -ECANCELED);
	assert_int_equal(m->n_missing, 1);
}

/* --- which of them is this machine --- */

static int self(const struct group_names *m, uint16_t port, const char *given, char said[512])
{
	struct address at;
	struct output errors;
	int rc;

	if (given) {
		at = address_at(given, 0);
	}
	output_divert(&errors, STDERR_FILENO);
	rc = group_names_self(m, port, given ? &at : NULL);
	output_restore(&errors, said, 512);
	return rc;
}

static void one_is_this_machine(void **state)
{
	struct group_names *m = *state;
	char said[512];

	add(m, "127.0.0.1", PORT + 1);
	add(m, "127.0.0.1", PORT);
	assert_int_equal(self(m, PORT, NULL, said), 1);
	assert_int_equal(self(m, PORT + 1, "127.0.0.1", said), 0);
	assert_string_equal(said, "");
}

static void others_have_to_reach_it(void **state)
{
	struct group_names *m = *state;
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
	struct group_names *m = *state;
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
	struct group_names *m = *state;
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
#define TEST(name) cmocka_unit_test_setup(name, setup)
		TEST(addresses_and_ports),
		TEST(names_that_are_none),
		TEST(one_is_this_machine),
		TEST(none_is_this_machine),
		TEST(others_have_to_reach_it),
		TEST(several_are_this_machine),
		TEST(addresses_of_no_host),
		TEST(one_that_is_not_known_now_is_missing),
		TEST(waiting_for_names_ends_by_sigterm),
	};

	return cmocka_run_group_tests_name("group names", tests, NULL, NULL);
}
