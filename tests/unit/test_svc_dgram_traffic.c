/* SPDX-License-Identifier: BSD-3-Clause */
/* The datagram transport under traffic: many clients, floods and nonsense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/random.h"
#include "tests/support/served_dgram.h"
#include "tests/support/sockets.h"

#define CLIENTS SERVED_CLIENTS
/* The limit of one wake-up. */
#define AT_ONCE 128

struct fixture {
	struct served_dgram server;
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

/* Each client gets the replies to its own calls, in order. */
static void replies_go_to_who_asked(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 100; i++) {
		send_call(f, (int)(i % CLIENTS), i);
	}
	serve(f);
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(served_dgram_stamps(f->server.clients[i % CLIENTS]).xid, i);
	}
	assert_int_equal(count(f, COUNTER_UDP_GET_TIMESTAMPS), 100);
}

/* A flood does not keep the caller from its other work: the rest is served the next time. */
static void a_wake_up_serves_so_many(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < AT_ONCE + 10; i++) {
		send_call(f, 0, i);
	}
	serve(f);
	assert_int_equal(count(f, COUNTER_UDP_GET_TIMESTAMPS), AT_ONCE);
	assert_true(sockets_readable(f->server.fd, 0));
	serve(f);
	assert_int_equal(count(f, COUNTER_UDP_GET_TIMESTAMPS), AT_ONCE + 10);
	assert_false(sockets_readable(f->server.fd, 0));
	for (uint32_t i = 0; i < AT_ONCE + 10; i++) {
		assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, i);
	}
}

static void nothing_to_serve(void **state)
{
	struct fixture *f = *state;

	serve(f);
	assert_int_equal(count(f, COUNTER_MALFORMED), 0);
}

/* Empty, short, or no calls at all: what comes among them is answered none the less. */
static void nonsense_among_calls(void **state)
{
	struct fixture *f = *state;
	const struct message reply = message_reply(1, SUCCESS);
	const struct message call = served_call(1);

	served_dgram_send(&f->server, f->server.clients[1], &call, 0);
	served_dgram_send(&f->server, f->server.clients[1], &call, 39);
	send_call(f, 0, 1);
	served_dgram_send(&f->server, f->server.clients[1], &reply, reply.len);
	send_call(f, 0, 2);
	serve(f);
	assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, 1);
	assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, 2);
	assert_false(sockets_readable(f->server.clients[1], 0));
	assert_int_equal(count(f, COUNTER_MALFORMED), 3);
}

/* The place in memory where a client's call is read held another one's before. */
static void nothing_of_an_earlier_call_is_answered(void **state)
{
	struct fixture *f = *state;
	const struct message call = served_call(7);
	uint8_t bytes[SVC_REPLY_MAX];

	for (size_t len = CALL_HEADER_SIZE; len < call.len; len++) {
		send_call(f, 0, 0x5ec4e7);
		serve(f);
		assert_int_equal(served_dgram_stamps(f->server.clients[0]).t1, 0x5ec4e7);
		served_dgram_send(&f->server, f->server.clients[1], &call, len);
		serve(f);
		assert_int_equal(served_dgram_reply(f->server.clients[1], bytes),
				 REPLY_HEADER_SIZE);
		assert_int_equal(message_get_u32(bytes, REPLY_ACCEPT_STAT_AT), GARBAGE_ARGS);
	}
}

/* Cut off by the size of our buffer, it must not be taken for one that ends there. */
static void longer_than_any_call(void **state)
{
	struct fixture *f = *state;
	struct message call = served_call(7);
	uint8_t bytes[SVC_REPLY_MAX];

	while (call.len < sizeof(call.bytes)) {
		message_u32(&call, 0);
	}
	for (size_t len = SVC_CALL_MAX - 1; len <= SVC_CALL_MAX + 1; len++) {
		served_dgram_send(&f->server, f->server.clients[0], &call, len);
	}
	served_dgram_send(&f->server, f->server.clients[0], &call, call.len);
	serve(f);
	for (int i = 0; i < 4; i++) {
		assert_int_equal(served_dgram_reply(f->server.clients[0], bytes),
				 REPLY_HEADER_SIZE);
		assert_int_equal(message_get_u32(bytes, REPLY_ACCEPT_STAT_AT), GARBAGE_ARGS);
	}
}

/* A client that has gone leaves an ICMP error behind, which is nobody else's. */
static void a_client_that_has_gone(void **state)
{
	struct fixture *f = *state;

	for (uint32_t i = 0; i < 20; i++) {
		const int gone = served_dgram_client(&f->server);
		const struct message call = served_call(1000 + i);

		served_dgram_send(&f->server, gone, &call, call.len);
		close(gone);
		send_call(f, 0, i);
		serve(f);
		assert_int_equal(served_dgram_stamps(f->server.clients[0]).xid, i);
	}
}

/* Any mixture: every good call is answered, in order, and nothing else is. */
static bool good_calls_are_answered(struct random *r)
{
	struct fixture *f;
	uint32_t good[CLIENTS][40];
	size_t n_good[CLIENTS] = { 0 };
	bool holds = true;

	if (setup((void **)&f) != 0) {
		return false;
	}
	for (uint32_t i = 0; i < 40; i++) {
		const size_t c = (size_t)random_between(r, 0, CLIENTS - 1);
		const struct message call = served_call(i);

		if (random_between(r, 0, 1)) {
			good[c][n_good[c]++] = i;
			send_call(f, (int)c, i);
		} else {
			served_dgram_send(&f->server, f->server.clients[c], &call,
					  (size_t)random_between(r, 0, CALL_HEADER_SIZE - 1));
		}
	}
	serve(f);
	for (size_t c = 0; c < CLIENTS; c++) {
		for (size_t i = 0; i < n_good[c]; i++) {
			holds = holds &&
				served_dgram_stamps(f->server.clients[c]).xid == good[c][i];
		}
		holds = holds && !sockets_readable(f->server.clients[c], 0);
	}
	teardown((void **)&f);
	return holds;
}

static void any_mixture(void **state)
{
	(void)state;
	assert_true(random_holds("good_calls_are_answered", good_calls_are_answered, 100));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(replies_go_to_who_asked),
		TEST(a_wake_up_serves_so_many),
		TEST(nothing_to_serve),
		TEST(nonsense_among_calls),
		TEST(nothing_of_an_earlier_call_is_answered),
		TEST(longer_than_any_call),
		TEST(a_client_that_has_gone),
		cmocka_unit_test(any_mixture),
	};

	return cmocka_run_group_tests_name("svc_dgram_traffic", tests, NULL, NULL);
}
