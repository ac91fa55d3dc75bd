/* SPDX-License-Identifier: BSD-3-Clause */
/* The datagram transport: the clients that are answered, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/served_dgram.h"
#include "tests/support/sockets.h"

struct fixture {
	struct served_dgram server;
	struct ratelimit *limiter;
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	*state = &f;
	return served_dgram_open(&f.server, address_loopback(AF_INET, 0));
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	served_dgram_close(&f->server);
	free(f->limiter);
	return 0;
}

static void send_call(const struct fixture *f, int client, uint32_t xid)
{
	const struct message call = served_call(xid);

	served_dgram_send(&f->server, f->server.clients[client], &call, call.len);
}

static void serve(const struct fixture *f)
{
	svc_dgram_serve(f->server.transport);
}

static uint64_t count(const struct fixture *f, enum counter what)
{
	return served_count(&f->server.served, what);
}

static void who_is_not_allowed_hears_nothing(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(access_allow(&f->server.served.access, "192.0.2.0/24"), 0);
	send_call(f, 0, 1);
	serve(f);
	assert_false(sockets_readable(f->server.clients[0], 0));
	assert_int_equal(count(f, COUNTER_DENIED), 1);
	assert_int_equal(access_allow(&f->server.served.access, "127.0.0.1"), 0);
	send_call(f, 0, 2);
	serve(f);
	assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, 2);
	assert_int_equal(count(f, COUNTER_DENIED), 1);
}

/* Three calls at once; none of the next eight without a token leaks from this seed. */
static void limit_rate(struct fixture *f)
{
	struct ratelimit trial;
	uint64_t seed = 0;
	int leaked;

	do {
		leaked = 0;
		ratelimit_init(&trial, 1, 3, ++seed);
		for (int i = 0; i < 8; i++) {
			leaked += ratelimit_leak(&trial);
		}
	} while (leaked > 0);
	f->limiter = malloc(sizeof(*f->limiter));
	assert_non_null(f->limiter);
	ratelimit_init(f->limiter, 1, 3, seed);
	f->server.served.admission.limiter = f->limiter;
}

/* By address, so both clients together. */
static void who_calls_too_often_hears_nothing(void **state)
{
	struct fixture *f = *state;
	struct served *served = &f->server.served;

	limit_rate(f);
	for (uint32_t i = 0; i < 5; i++) {
		send_call(f, (int)(i % 2), i);
	}
	serve(f);
	assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, 0);
	assert_int_equal(served_dgram_stamps(f->server.clients[1]).xid, 1);
	assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, 2);
	assert_false(sockets_readable(f->server.clients[0], 0));
	assert_false(sockets_readable(f->server.clients[1], 0));
	assert_int_equal(count(f, COUNTER_RATE_LIMITED), 2);
	served->clock.mono.ns += NS_PER_SEC;
	send_call(f, 1, 9);
	serve(f);
	assert_int_equal(served_dgram_stamps(f->server.clients[1]).xid, 9);
}

/* Anybody can send them from a forged address. */
static void octets_that_are_no_call_take_nobodys_share(void **state)
{
	struct fixture *f = *state;
	struct message reply = served_call(7), other_rpc = served_call(7);

	limit_rate(f);
	message_set_u32(&reply, CALL_TYPE_AT, REPLY);
	message_set_u32(&other_rpc, CALL_RPCVERS_AT, 3);
	for (int i = 0; i < 20; i++) {
		const struct message *bad = i % 2 ? &reply : &other_rpc;

		served_dgram_send(&f->server, f->server.clients[0], bad, i % 3 ? bad->len : 8);
	}
	serve(f);
	assert_int_equal(count(f, COUNTER_MALFORMED), 20);
	for (uint32_t i = 0; i < 3; i++) {
		send_call(f, 0, i);
	}
	serve(f);
	for (uint32_t i = 0; i < 3; i++) {
		assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, i);
	}
	assert_int_equal(count(f, COUNTER_RATE_LIMITED), 0);
}

/* Nor do calls with its address shut a client out. */
static void a_share_of_the_calls_too_many_is_answered(void **state)
{
	struct fixture *f = *state;
	int answered = 0;

	limit_rate(f);
	for (uint32_t i = 0; i < 400; i++) {
		send_call(f, 0, i);
		serve(f);
		while (sockets_readable(f->server.clients[0], 0)) {
			(void)served_dgram_stamps(f->server.clients[0]);
			answered++;
		}
	}
	assert_in_range(answered, 3 + 400 / RATELIMIT_LEAK / 2, 3 + 400 / RATELIMIT_LEAK * 2);
	assert_int_equal(count(f, COUNTER_RATE_LIMITED), 400 - answered);
}

/* A call that came before the transport was there has no address of ours in its control data. */
static void who_called_before_it_was_open_is_answered(void **state)
{
	const struct message call = served_call(5);
	struct address at = address_any(AF_INET, 0);
	struct svc_dgram *transport;
	struct served served;
	struct address to;
	int fd, client;

	(void)state;
	assert_int_equal(served_open(&served), 0);
	fd = sockets_bind(&at, SOCK_DGRAM);
	to = address_loopback(AF_INET, address_port(&at));
	client = sockets_connect(&to, SOCK_DGRAM);
	sockets_deliver(client, fd, call.bytes, call.len);
	assert_int_equal(svc_dgram_open(&transport, fd, &served.admission), 0);
	svc_dgram_serve(transport);
	assert_int_equal(served_dgram_stamps(client).xid, 5);
	assert_int_equal(served_count(&served, COUNTER_BROADCAST), 0);
	svc_dgram_close(transport);
	close(client);
	close(fd);
	served_close(&served);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_is_not_allowed_hears_nothing),
		TEST(who_calls_too_often_hears_nothing),
		TEST(octets_that_are_no_call_take_nobodys_share),
		TEST(a_share_of_the_calls_too_many_is_answered),
		cmocka_unit_test(who_called_before_it_was_open_is_answered),
	};

	return cmocka_run_group_tests_name("svc_dgram_limits", tests, NULL, NULL);
}
