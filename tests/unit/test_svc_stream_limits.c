/* SPDX-License-Identifier: BSD-3-Clause */
/* The limits of the stream transport: how many may be connected, and how long who may do what. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/record.h"
#include "tests/support/served_stream.h"
#include "tests/support/sockets.h"

#define IDLE (60 * NS_PER_SEC)
#define BUSY (10 * NS_PER_SEC)
#define MOST 6

struct fixture {
	struct served_stream server;
	int clients[MOST];
};

static int setup(void **state)
{
	static const struct svc_stream_limits limits = {
		.connections = 4,
		.connections_per_address = 3,
		.idle_timeout = IDLE,
		.busy_timeout = BUSY,
	};
	static struct fixture f;

	*state = &f;
	for (int i = 0; i < MOST; i++) {
		f.clients[i] = -1;
	}
	return served_stream_open(&f.server, &limits);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < MOST; i++) {
		close(f->clients[i]);
	}
	served_stream_close(&f->server);
	return 0;
}

/* Client `i` connects, from that address, a moment after whatever was before. */
static void connect_from(struct fixture *f, int i, const char *from)
{
	f->server.served.clock.mono.ns++;
	f->clients[i] = served_stream_client(&f->server, from);
}

static bool answers(struct fixture *f, int i)
{
	f->server.served.clock.mono.ns++;
	return served_stream_answers(&f->server, f->clients[i]);
}

static void begin_call(struct fixture *f, int i)
{
	f->server.served.clock.mono.ns++;
	served_stream_send(&f->server, f->clients[i], "\x80", 1);
}

static bool closed(const struct fixture *f, int i)
{
	return served_stream_closed(f->clients[i]);
}

static size_t connections(const struct fixture *f)
{
	return svc_stream_connections(f->server.transport);
}

static uint64_t closed_early(const struct fixture *f)
{
	return served_count(&f->server.served, COUNTER_CLOSED_EARLY);
}

/* Let time pass, and connections that have timed out go. */
static void pass(struct fixture *f, dur_ns time)
{
	struct mono *now = &f->server.served.clock.mono;

	now->ns += time;
	assert_int_equal(svc_stream_expire(f->server.transport, *now), NS_PER_SEC);
}

/* --- how many --------------------------------------------------------------------------------- */

static void the_oldest_idle_one_makes_room(void **state)
{
	static const char *const from[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4" };
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		connect_from(f, i, from[i]);
	}
	assert_true(answers(f, 0)); /* so now the second is the oldest */
	connect_from(f, 4, "127.0.0.5");
	assert_int_equal(connections(f), 4);
	assert_true(closed(f, 1));
	assert_int_equal(closed_early(f), 1);
	for (int i = 0; i < 5; i++) {
		assert_true(i == 1 || answers(f, i));
	}
}

/* A client in the middle of a call is spared, unless all are. */
static void the_busy_are_spared(void **state)
{
	static const char *const from[] = { "127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4" };
	struct fixture *f = *state;

	for (int i = 0; i < 4; i++) {
		connect_from(f, i, from[i]);
	}
	begin_call(f, 1);
	begin_call(f, 0);
	begin_call(f, 2);
	connect_from(f, 4, "127.0.0.5");
	assert_true(closed(f, 3));
	begin_call(f, 4);
	connect_from(f, 5, "127.0.0.6");
	assert_true(closed(f, 1)); /* the longest busy */
	assert_false(closed(f, 0));
	assert_true(answers(f, 5));
}

/* An address that has its share loses its own, whoever else is there. */
static void an_address_has_its_share(void **state)
{
	struct fixture *f = *state;

	connect_from(f, 0, "127.0.0.9");
	for (int i = 1; i < 5; i++) {
		connect_from(f, i, "127.0.0.1");
	}
	assert_true(closed(f, 1));
	assert_int_equal(connections(f), 4);
	connect_from(f, 5, "127.0.0.1");
	assert_true(closed(f, 2));
	for (int i = 0; i < 6; i++) {
		assert_true(i == 1 || i == 2 || answers(f, i));
	}
	assert_int_equal(closed_early(f), 2);
}

static void who_closes_makes_room_too(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		connect_from(f, i, "127.0.0.1");
	}
	close(f->clients[1]);
	f->clients[1] = -1;
	served_stream_serve(&f->server);
	connect_from(f, 3, "127.0.0.1");
	assert_true(answers(f, 0) && answers(f, 2) && answers(f, 3));
	assert_int_equal(closed_early(f), 0);
}

/* --- how long --------------------------------------------------------------------------------- */

static void the_idle_time_out(void **state)
{
	struct fixture *f = *state;

	connect_from(f, 0, NULL);
	connect_from(f, 1, NULL);
	pass(f, IDLE - 2);
	assert_true(answers(f, 0)); /* so it begins anew */
	pass(f, 0);
	assert_int_equal(connections(f), 2);
	pass(f, 1);
	assert_true(closed(f, 1));
	pass(f, IDLE - 2);
	assert_false(closed(f, 0));
	pass(f, 1);
	assert_true(closed(f, 0));
	assert_int_equal(closed_early(f), 2);
}

/* However many octets it sends in the meantime, unless they make a call. */
static void half_a_call_times_out(void **state)
{
	struct fixture *f = *state;
	const struct message record = served_record(1);

	connect_from(f, 0, NULL);
	pass(f, IDLE - 1);
	served_stream_send(&f->server, f->clients[0], record.bytes, 1);
	for (int i = 1; i < 10; i++) {
		pass(f, NS_PER_SEC);
		served_stream_send(&f->server, f->clients[0], record.bytes + i, 1);
	}
	pass(f, NS_PER_SEC - 1);
	assert_int_equal(connections(f), 1);
	pass(f, 1);
	assert_int_equal(connections(f), 0);
	assert_true(closed(f, 0));
}

/* A client that always is in the middle of one call or another is a good one. */
static void calls_are_progress(void **state)
{
	struct fixture *f = *state;
	const struct message record = served_record(1);
	uint8_t shifted[sizeof(record.bytes)]; /* the end of a call and the beginning of the next */

	memcpy(shifted, record.bytes + 10, record.len - 10);
	memcpy(shifted + record.len - 10, record.bytes, 10);
	connect_from(f, 0, NULL);
	served_stream_send(&f->server, f->clients[0], record.bytes, 10);
	for (int i = 0; i < 5; i++) {
		pass(f, BUSY - 1);
		served_stream_send(&f->server, f->clients[0], shifted, record.len);
	}
	assert_int_equal(connections(f), 1);
	assert_int_equal(served_count(&f->server.served, COUNTER_TCP_GET_TIMESTAMPS), 5);
	pass(f, BUSY);
	assert_int_equal(connections(f), 0);
}

static void unread_replies_time_out(void **state)
{
	struct fixture *f = *state;

	f->clients[0] = served_stream_unread_client(&f->server);
	pass(f, BUSY - 1);
	assert_int_equal(connections(f), 1);
	pass(f, 1);
	assert_int_equal(connections(f), 0);
	assert_int_equal(closed_early(f), 1);
}

/* A client that calls, and then closes its side, has as long to take its reply; or loses it. */
static void replies_may_be_read_after_the_last_call(void **state)
{
	struct fixture *f = *state;
	const struct message record = served_record(1);
	uint8_t reply[100];

	for (int i = 0; i < 2; i++) {
		f->clients[i] = sockets_connect(&f->server.local_at, SOCK_STREAM);
		served_stream_serve(&f->server);
		served_stream_send(&f->server, f->clients[i], record.bytes, record.len);
		assert_int_equal(shutdown(f->clients[i], SHUT_WR), 0);
		served_stream_serve(&f->server);
	}
	assert_int_equal(connections(f), 2);
	assert_false(sockets_readable(svc_stream_fd(f->server.transport), 0));
	assert_int_equal(recv(f->clients[0], reply, sizeof(reply), 0), record.len);
	assert_int_equal(recv(f->clients[0], reply, sizeof(reply), 0), 0);
	pass(f, BUSY - 1);
	assert_int_equal(connections(f), 2);
	pass(f, 1);
	assert_int_equal(connections(f), 0);
	assert_int_equal(closed_early(f), 1); /* the one that did not read */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_oldest_idle_one_makes_room),
		TEST(the_busy_are_spared),
		TEST(an_address_has_its_share),
		TEST(who_closes_makes_room_too),
		TEST(the_idle_time_out),
		TEST(half_a_call_times_out),
		TEST(calls_are_progress),
		TEST(unread_replies_time_out),
		TEST(replies_may_be_read_after_the_last_call),
	};

	return cmocka_run_group_tests_name("svc_stream_limits", tests, NULL, NULL);
}
