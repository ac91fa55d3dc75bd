/* SPDX-License-Identifier: BSD-3-Clause */
/* Asking a host's rpcbind where a program is: what it says, and what can go wrong. */
#include <errno.h>
#include <rpc/rpc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/client/rpcbind.h"
#include "tests/support/fake_rpcbind.h"

#define PROG    0x20000077
#define VERS    3
#define TIMEOUT (3 * NS_PER_SEC)

static struct fixture {
	struct fake_rpcbind rpcbind;
	struct fake_clock clock;
	bool absent;
} f;

int connect(int fd, __CONST_SOCKADDR_ARG to, socklen_t len)
{
	return fake_rpcbind_connect(f.absent ? NULL : &f.rpcbind, fd, to.__sockaddr__, len);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	fake_rpcbind_open(&f.rpcbind, NULL);
	fake_clock_init(&f.clock, 0);
	f.clock.serve = fake_server_serve;
	f.clock.arg = &f.rpcbind.server;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	fake_rpcbind_close(&f.rpcbind);
	return 0;
}

static int find(struct address *out, const char *host, int socktype)
{
	struct address a;

	assert_true(address_parse(&a, host));
	return rpcbind_find(out, &a, socktype, PROG, VERS, &f.clock.clock, TIMEOUT);
}

/* The result over both transports, which is the same. */
static void check_rc(int expected)
{
	struct address out;

	assert_int_equal(find(&out, "127.0.0.1", SOCK_DGRAM), expected);
	assert_int_equal(find(&out, "127.0.0.1", SOCK_STREAM), expected);
}

static void check_found(const char *host, int socktype, const char *text)
{
	struct address out;
	char buf[ADDRESS_TEXT_MAX];

	assert_int_equal(find(&out, host, socktype), 0);
	assert_string_equal(address_text(&out, buf), text);
}

static void add(const char *netid, const char *uaddr)
{
	fake_rpcbind_add(&f.rpcbind, PROG, VERS, netid, uaddr, "superuser");
}

static void on_every_netid(void **state)
{
	(void)state;
	add("udp", "0.0.0.0.1.1");
	add("tcp", "0.0.0.0.1.2");
	add("udp6", "::.1.3");
	add("tcp6", "::.1.4");
	check_found("127.0.0.9", SOCK_DGRAM, "127.0.0.9:257");
	assert_string_equal(f.rpcbind.asked.uaddr, "127.0.0.9.0.0"); /* we reach it by this one */
	check_found("127.0.0.9", SOCK_STREAM, "127.0.0.9:258");
	check_found("::1", SOCK_DGRAM, "[::1]:259");
	check_found("::1", SOCK_STREAM, "[::1]:260");
	assert_int_equal(f.rpcbind.asked_proc, 3); /* GETADDR */
	assert_int_equal(f.rpcbind.server.calls, 4);
}

/*
 * For any host in the answer, of either family: behind a translation of addresses it is one that
 * nobody can reach, or that somebody else has.
 */
static void its_port_counts_and_not_its_host(void **state)
{
	(void)state;
	add("udp", "192.0.2.7.1.1");
	add("tcp", "2001:db8::7.1.2");
	add("udp6", "fe80::7.1.3");
	add("tcp6", "2001:db8::7.1.4");
	check_found("127.0.0.1", SOCK_DGRAM, "127.0.0.1:257");
	check_found("127.0.0.1", SOCK_STREAM, "127.0.0.1:258");
	check_found("::1", SOCK_DGRAM, "[::1]:259");
	check_found("::1", SOCK_STREAM, "[::1]:260");
}

/* Those that speak no newer version say which they do. */
static void older_versions(void **state)
{
	(void)state;
	add("udp", "0.0.0.0.1.1");
	add("tcp", "0.0.0.0.1.2");
	add("udp6", "::.1.3");
	for (f.rpcbind.speaks = 3; f.rpcbind.speaks >= 2; f.rpcbind.speaks--) {
		check_found("127.0.0.1", SOCK_DGRAM, "127.0.0.1:257");
		assert_int_equal(f.rpcbind.asked_vers, f.rpcbind.speaks);
		check_found("127.0.0.1", SOCK_STREAM, "127.0.0.1:258");
	}
	f.rpcbind.speaks = 3;
	check_found("::1", SOCK_DGRAM, "[::1]:259");
}

static void a_portmapper_knows_no_ipv6(void **state)
{
	struct address out;

	(void)state;
	f.rpcbind.speaks = 2;
	check_rc(-ENOENT);
	assert_int_equal(find(&out, "::1", SOCK_DGRAM), -EPROTONOSUPPORT);
	assert_int_equal(find(&out, "::1", SOCK_STREAM), -EPROTONOSUPPORT);
}

static void on_the_other_transport_only(void **state)
{
	struct address out;

	(void)state;
	add("tcp", "0.0.0.0.1.2");
	add("udp6", "::.1.3");
	for (f.rpcbind.speaks = 4; f.rpcbind.speaks >= 2; f.rpcbind.speaks--) {
		assert_int_equal(find(&out, "127.0.0.1", SOCK_DGRAM), -EPROTOTYPE);
	}
	f.rpcbind.speaks = 4;
	assert_int_equal(find(&out, "::1", SOCK_STREAM), -EPROTOTYPE);
}

static void not_registered(void **state)
{
	(void)state;
	check_rc(-ENOENT);
	add("udp6", "::.1.3");
	fake_rpcbind_add(&f.rpcbind, PROG, VERS + 1, "udp", "0.0.0.0.1.1", "0");
	fake_rpcbind_add(&f.rpcbind, PROG + 1, VERS, "udp", "0.0.0.0.1.1", "0");
	check_rc(-ENOENT);
}

static void no_rpcbind(void **state)
{
	(void)state;
	f.absent = true;
	check_rc(-ECONNREFUSED);
}

/* A datagram there is answered by an ICMP error, which arrives later. */
static void a_closed_port(void **state)
{
	struct address out;

	(void)state;
	close(f.rpcbind.server.dgram);
	f.rpcbind.server.dgram = -1;
	assert_int_equal(find(&out, "127.0.0.1", SOCK_DGRAM), -ECONNREFUSED);
}

/* Datagrams are sent again, for this is no measurement, but never longer than was allowed. */
static void lost_datagrams(void **state)
{
	(void)state;
	add("udp", "0.0.0.0.1.1");
	f.rpcbind.unheard = 2;
	check_found("127.0.0.1", SOCK_DGRAM, "127.0.0.1:257");
	assert_int_equal(f.rpcbind.server.calls, 3);
	assert_int_equal(f.clock.mono.ns, TIMEOUT / 3 * 2);
}

static void silence(void **state)
{
	struct address out;

	(void)state;
	f.rpcbind.unheard = 100;
	assert_int_equal(find(&out, "127.0.0.1", SOCK_DGRAM), -ETIMEDOUT);
	assert_int_equal(f.clock.mono.ns, TIMEOUT);
	assert_int_equal(f.rpcbind.server.calls, 3);
	assert_int_equal(find(&out, "127.0.0.1", SOCK_STREAM), -ETIMEDOUT);
	assert_int_equal(f.clock.mono.ns, 2 * TIMEOUT);
	assert_int_equal(f.rpcbind.server.calls, 4);
}

static void a_connection_that_is_closed(void **state)
{
	struct address out;

	(void)state;
	f.rpcbind.hangs_up = true;
	assert_int_equal(find(&out, "127.0.0.1", SOCK_STREAM), -ECONNRESET);
}

static void an_error_for_an_answer(void **state)
{
	(void)state;
	for (uint32_t stat = PROG_UNAVAIL; stat <= SYSTEM_ERR; stat++) {
		f.rpcbind.accept_stat = stat;
		check_rc(-EPROTO);
	}
}

static void addresses_that_are_none(void **state)
{
	static const char *const wrong[] = { "localhost",   "127.0.0.1",
					     "127.0.0.1.1", "127.0.0.1.1.256",
					     "0.0.0.0.0.0", "/run/x",
					     "0",           " " };

	(void)state;
	add("udp", "");
	add("tcp", "");
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		for (int j = 0; j < 2; j++) {
			strcpy(f.rpcbind.list[j].uaddr, wrong[i]);
		}
		check_rc(-EPROTO);
	}
}

/* Strings that claim more than there is, or are followed by something. */
static void damaged_answers(void **state)
{
	static const uint32_t claims[] = { 13, 100, 9000, 9001, 0x7fffffff, UINT32_MAX };
	struct message raw = { .len = 0 };

	(void)state;
	f.rpcbind.raw = &raw;
	check_rc(-EPROTO); /* nothing at all */
	for (size_t i = 0; i < sizeof(claims) / sizeof(claims[0]); i++) {
		raw.len = 0;
		message_opaque(&raw, "0.0.0.0.1", 9); /* is as long as the right one, padded */
		message_set_u32(&raw, 0, claims[i]);
		check_rc(-EPROTO);
	}
	raw.len = 0;
	message_opaque(&raw, "0.0.0.0.1.1", 11);
	message_u32(&raw, 0);
	check_rc(-EPROTO);
	raw.len -= 4;
	check_rc(0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(on_every_netid),
		TEST(its_port_counts_and_not_its_host),
		TEST(older_versions),
		TEST(a_portmapper_knows_no_ipv6),
		TEST(on_the_other_transport_only),
		TEST(not_registered),
		TEST(no_rpcbind),
		TEST(a_closed_port),
		TEST(lost_datagrams),
		TEST(silence),
		TEST(a_connection_that_is_closed),
		TEST(an_error_for_an_answer),
		TEST(addresses_that_are_none),
		TEST(damaged_answers),
	};

	return cmocka_run_group_tests_name("rpcbind_find", tests, NULL, NULL);
}
