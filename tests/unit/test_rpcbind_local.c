/* SPDX-License-Identifier: BSD-3-Clause */
/* Registrations by rpcbind's local socket: listed, made and removed. */
#include <errno.h>
#include <rpc/rpc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/client/rpcbind.h"
#include "tests/support/fake_rpcbind.h"
#include "tests/support/random.h"
#include "tests/support/scratch.h"

#define PROG    0x20000077
#define VERS    3
#define TIMEOUT NS_PER_SEC

static struct fixture {
	struct scratch scratch;
	struct fake_rpcbind rpcbind;
	struct fake_clock clock;
	bool absent;
	CLIENT *client;
} f;

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	return fake_rpcbind_connect(f.absent ? NULL : &f.rpcbind, fd, to.__sockaddr__, len);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	if (scratch_make(&f.scratch) != 0) {
		return -1;
	}
	fake_rpcbind_open(&f.rpcbind, f.scratch.path);
	fake_clock_init(&f.clock, 0);
	f.clock.serve = fake_server_serve;
	f.clock.arg = &f.rpcbind.server;
	return rpcbind_open_local(&f.client, &f.clock.clock, TIMEOUT);
}

static int teardown(void **state)
{
	(void)state;
	clnt_destroy(f.client);
	fake_rpcbind_close(&f.rpcbind);
	scratch_remove(&f.scratch);
	return 0;
}

static void add(uint32_t vers, const char *netid, const char *uaddr, const char *owner)
{
	fake_rpcbind_add(&f.rpcbind, PROG, vers, netid, uaddr, owner);
}

static int lookup(const char *netid, struct rpcbind_entry *out)
{
	return rpcbind_lookup(f.client, PROG, VERS, netid_named(netid), out);
}

static int set(const char *netid, uint16_t port)
{
	const struct netid *n = netid_named(netid);
	const struct address at = address_any(n->family, port);

	return rpcbind_set(f.client, PROG, VERS, n, &at);
}

static int unset(const char *netid)
{
	return rpcbind_unset(f.client, PROG, VERS, netid_named(netid));
}

static void absent(void **state)
{
	CLIENT *none;

	(void)state;
	f.absent = true;
	assert_int_equal(rpcbind_open_local(&none, &f.clock.clock, TIMEOUT), -ENOENT);
}

static void it_answers(void **state)
{
	(void)state;
	assert_int_equal(rpcbind_ping(f.client), 0);
	f.rpcbind.unheard = 1;
	assert_int_equal(rpcbind_ping(f.client), -ETIMEDOUT);
	assert_int_equal(rpcbind_ping(f.client), 0);
	f.rpcbind.hangs_up = true;
	assert_int_equal(rpcbind_ping(f.client), -ECONNRESET);
}

static void set_lookup_unset(void **state)
{
	struct rpcbind_entry e;

	(void)state;
	assert_int_equal(lookup("udp", &e), -ENOENT);
	assert_int_equal(set("udp", 0x0102), 0);
	assert_int_equal(set("tcp6", 0x0304), 0);
	assert_int_equal(lookup("udp", &e), 0);
	assert_int_equal(e.vers, VERS);
	assert_ptr_equal(e.netid, netid_named("udp"));
	assert_string_equal(e.uaddr, "0.0.0.0.1.2");
	assert_string_equal(e.owner, "superuser");
	assert_int_equal(lookup("tcp6", &e), 0);
	assert_string_equal(e.uaddr, "::.3.4");
	assert_int_equal(lookup("tcp", &e), -ENOENT);
	assert_int_equal(unset("udp"), 0);
	assert_int_equal(lookup("udp", &e), -ENOENT);
	assert_int_equal(lookup("tcp6", &e), 0);
}

static void it_refuses_what_is_taken(void **state)
{
	(void)state;
	assert_int_equal(set("udp", 1), 0);
	assert_int_equal(set("udp", 2), -EEXIST);
	assert_int_equal(set("tcp", 2), 0);
	f.rpcbind.refuses = true;
	assert_int_equal(set("udp6", 2), -EEXIST);
}

/* But not one that is registered just so. */
static void it_says_yes_to_what_is_there(void **state)
{
	(void)state;
	assert_int_equal(set("udp", 1), 0);
	assert_int_equal(set("udp", 1), 0);
	assert_int_equal(f.rpcbind.n, 1);
}

/* It always says that it has removed something; the next registration tells. */
static void it_is_not_believed(void **state)
{
	(void)state;
	assert_int_equal(unset("udp"), 0); /* nothing was there */
	assert_int_equal(set("udp", 1), 0);
	f.rpcbind.keeps = true;
	assert_int_equal(unset("udp"), 0);
	assert_int_equal(set("udp", 2), -EEXIST);
}

/* Only of that program, and only on netids that we know. */
/* An rpcbind may be anybody's, and its words are shown to people. */
static void owners_are_printable(void **state)
{
	struct rpcbind_entry e;

	(void)state;
	add(VERS, "udp", "0.0.0.0.1.2", "\033[2J\nx\xff \xc3\xa9");
	assert_int_equal(lookup("udp", &e), 0);
	assert_string_equal(e.owner, "?[2J?x? \xc3\xa9");
}

/* First of that version, so that no number of others hides them. */
static void a_list(void **state)
{
	struct rpcbind_entry list[3];
	size_t n;

	(void)state;
	assert_int_equal(rpcbind_list(f.client, PROG, VERS, list, 3, &n), 0);
	assert_int_equal(n, 0);
	add(1, "udp", "0.0.0.0.1.1", "superuser");
	add(1, "local", "/run/some.sock", "superuser");
	fake_rpcbind_add(&f.rpcbind, PROG + 1, 1, "udp", "0.0.0.0.1.2", "0");
	add(2, "tcp6", "::.1.3", "65534");
	assert_int_equal(rpcbind_list(f.client, PROG, VERS, list, 3, &n), 0);
	assert_int_equal(n, 2);
	assert_int_equal(list[0].vers, 1);
	assert_int_equal(list[1].vers, 2);
	assert_string_equal(list[1].owner, "65534");
	add(VERS + 1, "tcp", "0.0.0.0.1.4", "unknown");
	add(VERS, "tcp", "0.0.0.0.1.5", "unknown");
	assert_int_equal(rpcbind_list(f.client, PROG, VERS, list, 3, &n), 0);
	assert_int_equal(n, 3); /* there is no room for more */
	assert_int_equal(list[0].vers, VERS);
	assert_int_equal(list[1].vers, 1);
}

/* Any user can have it so. */
static void a_list_that_is_too_long(void **state)
{
	struct rpcbind_entry e;
	size_t n;

	(void)state;
	f.rpcbind.long_list = true;
	for (int i = 0; i < 3; i++) { /* the handle is of no more use then */
		assert_int_equal(rpcbind_list(f.client, PROG, VERS, &e, 1, &n), -EMSGSIZE);
		assert_int_equal(n, 0);
		assert_int_equal(lookup("udp", &e), -EMSGSIZE);
		assert_int_equal(set("udp", 1), -EMSGSIZE);
	}
	assert_null(fake_rpcbind_find(&f.rpcbind, PROG, VERS, "udp"));
}

static void a_long_list_in_fragments(void **state)
{
	struct rpcbind_entry list[FAKE_RPCBIND_MAX];
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < FAKE_RPCBIND_MAX; i++) {
		add(i, "udp", "0.0.0.0.255.255", "superuser");
	}
	for (f.rpcbind.fragments = 1; f.rpcbind.fragments < RECORD_MAX_FRAGMENTS;
	     f.rpcbind.fragments += 6) {
		assert_int_equal(rpcbind_list(f.client, PROG, VERS, list, FAKE_RPCBIND_MAX, &n), 0);
		assert_int_equal(n, FAKE_RPCBIND_MAX);
		for (uint32_t i = 0; i < n; i++) {
			assert_int_equal(list[i].vers, i == 0 ? VERS : i <= VERS ? i - 1 : i);
		}
	}
}

/* Strings that are longer than ours are cut off, not trusted. */
static void long_strings(void **state)
{
	struct message raw = { .len = 0 };
	struct rpcbind_entry e;
	char text[200];

	(void)state;
	memset(text, 'x', sizeof(text));
	f.rpcbind.raw = &raw;
	message_u32(&raw, 1);
	message_u32(&raw, PROG);
	message_u32(&raw, VERS);
	message_opaque(&raw, "tcp", 3);
	message_opaque(&raw, text, sizeof(text));
	message_opaque(&raw, text, sizeof(text));
	message_u32(&raw, 0);
	assert_int_equal(lookup("tcp", &e), 0);
	assert_int_equal(strlen(e.uaddr), sizeof(e.uaddr) - 1);
	assert_int_equal(strlen(e.owner), sizeof(e.owner) - 1);
}

static void errors(void **state)
{
	struct rpcbind_entry e;

	(void)state;
	f.rpcbind.accept_stat = SYSTEM_ERR;
	assert_int_equal(lookup("udp", &e), -EPROTO);
	assert_int_equal(set("udp", 1), -EPROTO);
	assert_int_equal(unset("udp"), -EPROTO);
}

/* --- damage ----------------------------------------------------------------------------------- */

/* Two entries, as the list of DUMP has them. */
static struct message two_entries(void)
{
	struct message list = { .len = 0 };

	for (int i = 0; i < 2; i++) {
		message_u32(&list, 1);
		message_u32(&list, PROG);
		message_u32(&list, VERS);
		message_opaque(&list, "tcp", 3);
		message_opaque(&list, "0.0.0.0.1.1", 11);
		message_opaque(&list, "superuser", 9);
	}
	message_u32(&list, 0);
	return list;
}

static void truncated_at_every_length(void **state)
{
	struct message raw = two_entries();
	struct rpcbind_entry e;

	(void)state;
	f.rpcbind.raw = &raw;
	assert_int_equal(lookup("tcp", &e), 0);
	while (raw.len-- > 0) {
		assert_int_equal(lookup("tcp", &e), -EPROTO);
	}
}

/* Any content is used or refused, and all of it is freed (which a sanitizer checks). */
static bool damage_does_no_harm(struct random *r)
{
	struct message raw = two_entries();
	struct rpcbind_entry list[4];
	size_t n;
	int rc;

	for (int64_t i = random_between(r, 1, 3); i > 0; i--) {
		raw.bytes[random_between(r, 0, (int64_t)raw.len - 1)] =
			(uint8_t)(random_between(r, 0, 1) ? random_next(r) : 0);
	}
	f.rpcbind.raw = &raw;
	rc = rpcbind_list(f.client, PROG, VERS, list, 4, &n);
	return n <= 2 && (rc == 0 || (rc == -EPROTO && n == 0));
}

static void any_damage(void **state)
{
	(void)state;
	assert_true(random_holds("damage_does_no_harm", damage_does_no_harm, 3000));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(absent),
		TEST(it_answers),
		TEST(set_lookup_unset),
		TEST(it_refuses_what_is_taken),
		TEST(it_says_yes_to_what_is_there),
		TEST(it_is_not_believed),
		TEST(owners_are_printable),
		TEST(a_list),
		TEST(a_list_that_is_too_long),
		TEST(a_long_list_in_fragments),
		TEST(long_strings),
		TEST(errors),
		TEST(truncated_at_every_length),
		TEST(any_damage),
	};

	return cmocka_run_group_tests_name("rpcbind_local", tests, NULL, NULL);
}
