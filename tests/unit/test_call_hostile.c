/* SPDX-License-Identifier: BSD-3-Clause */
/* Peers that keep on talking, or lie about records: the deadline holds, and a handle that is broken
 * stays so. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rpc/client/call_private.h"
#include "rpc/wire.h"
#include "tests/support/fake_server.h"

#define TIMEOUT NS_PER_SEC
#define STEP    (100 * NS_PER_MS) /* in which a flood brings one more message */
#define ENOUGH  1000              /* messages, after which a flood ends, and a test has failed */

enum habit { ANSWERS, FLOODS, DRIPS, CLAIMS_TOO_MUCH, MANY_FRAGMENTS, ANSWERS_TWICE, STOPS_SHORT };

static struct fixture {
	struct fake_server server;
	struct fake_clock clock;
	enum habit habit;
	unsigned sent; /* of a flood */
	struct address peer;
	CLIENT *client;
} f;

/* A reply to somebody else's call. */
static struct message stray(void)
{
	return message_reply(0xdeadbeef, SUCCESS);
}

static void claim(uint32_t mark, unsigned times)
{
	struct message m = { .len = 0 };

	for (unsigned i = 0; i < times; i++) {
		message_u32(&m, mark);
	}
	memset(m.bytes + m.len, 'A', 1024);
	sockets_send(f.server.connection, m.bytes, m.len + 1024);
	f.server.replied = true;
}

/* All of the reply but its last octets. */
static void send_most(const struct message *reply)
{
	struct message m = { .len = 0 };

	message_u32(&m, RECORD_LAST_FRAGMENT | (uint32_t)reply->len);
	memcpy(m.bytes + m.len, reply->bytes, reply->len);
	sockets_send(f.server.connection, m.bytes, m.len + reply->len - 3);
	f.server.replied = true;
}

static void answer(struct fake_server *s, const struct message *call, void *arg)
{
	const struct message reply =
		message_reply(message_get_u32(call->bytes, CALL_XID_AT), SUCCESS);

	(void)arg;
	f.peer = s->peer;
	switch (f.habit) {
	case ANSWERS_TWICE:
		fake_server_reply(s, &reply);
		fake_server_reply(s, &reply);
		break;
	case ANSWERS:
		fake_server_reply(s, &reply);
		break;
	case STOPS_SHORT:
		send_most(&reply);
		break;
	case CLAIMS_TOO_MUCH:
		claim(RECORD_LAST_FRAGMENT | 0x1000000, 1);
		break;
	case MANY_FRAGMENTS:
		claim(0, RECORD_MAX_FRAGMENTS + 1);
		break;
	case DRIPS:
		claim(RECORD_LAST_FRAGMENT | 8192, 1);
		break;
	case FLOODS:
		break;
	}
}

/* Send one more of a flood, or an octet more, and let time pass. */
static bool send_more(void)
{
	const struct message m = stray();

	if (f.habit != FLOODS && f.habit != DRIPS) {
		return false;
	}
	if (f.server.calls == 0 || ++f.sent > ENOUGH) {
		return false;
	}
	f.clock.mono = mono_add(f.clock.mono, STEP);
	if (f.habit == DRIPS) {
		sockets_send(f.server.connection, "", 1);
	} else if (f.peer.len > 0) {
		f.server.peer = f.peer;
		fake_server_reply(&f.server, &m);
		f.server.peer.len = 0;
	} else {
		fake_server_reply(&f.server, &m);
	}
	return true;
}

static bool serve(void *arg)
{
	const bool answered = f.server.calls == 0 || f.sent == 0 ? fake_server_serve(arg) : false;

	return send_more() || answered;
}

static void open_handle(int socktype)
{
	const struct call_target target = {
		.to = socktype == SOCK_DGRAM ? f.server.dgram_at : f.server.stream_at,
		.socktype = socktype,
		.prog = 1,
		.vers = 1,
	};

	assert_int_equal(call_open(&f.client, &target, &f.clock.clock, TIMEOUT), 0);
}

static int setup(void **state)
{
	(void)state;
	memset(&f, 0, sizeof(f));
	fake_server_open(&f.server, NULL, answer, NULL);
	fake_clock_init(&f.clock, 0);
	f.clock.serve = serve;
	f.clock.arg = &f.server;
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clnt_destroy(f.client);
	fake_server_close(&f.server);
	return 0;
}

/* Its status, with the errno in *error. */
static enum clnt_stat call(int *error)
{
	static const struct timeval unused;
	const enum clnt_stat status =
		clnt_call(f.client, NULLPROC, wire_void, NULL, wire_void, NULL, unused);
	struct rpc_err e;

	clnt_geterr(f.client, &e);
	assert_int_equal(e.re_status, status);
	*error = e.re_errno;
	return status;
}

/* The call fails for that reason; so do all later ones, at once and without a word to the peer. */
static void check_broken(int error)
{
	const struct call *c = call_of(f.client);
	int why;

	assert_int_equal(call(&why), RPC_CANTRECV);
	assert_int_equal(why, error);
	assert_int_equal(c->fd, -1);
	for (int i = 0; i < 3; i++) {
		const unsigned sent = call_counts(f.client).sent, calls = f.server.calls;
		const struct mono before = f.clock.mono;

		assert_int_equal(call(&why), RPC_CANTRECV);
		assert_int_equal(why, error);
		assert_int_equal(call_counts(f.client).sent, sent);
		assert_int_equal(f.server.calls, calls);
		assert_int_equal(mono_since(f.clock.mono, before), 0);
		assert_true(c->record.len <= c->record.size);
	}
}

static void a_record_that_is_too_long(void **state)
{
	int why;

	(void)state;
	open_handle(SOCK_STREAM);
	assert_int_equal(call(&why), RPC_SUCCESS);
	f.habit = CLAIMS_TOO_MUCH;
	check_broken(EMSGSIZE);
}

static void too_many_fragments(void **state)
{
	(void)state;
	open_handle(SOCK_STREAM);
	f.habit = MANY_FRAGMENTS;
	check_broken(EMSGSIZE);
}

static void a_stream_of_strays_is_given_up(void **state)
{
	(void)state;
	open_handle(SOCK_STREAM);
	f.habit = FLOODS;
	check_broken(EPROTO);
	assert_int_equal(call_counts(f.client).stray, CALL_MAX_STRAYS);
	assert_int_equal(f.sent, CALL_MAX_STRAYS);
}

/* Not only within one call. */
static void a_stream_that_answers_twice_is_given_up(void **state)
{
	int why;

	(void)state;
	open_handle(SOCK_STREAM);
	f.habit = ANSWERS_TWICE;
	for (unsigned i = 0; i < CALL_MAX_STRAYS; i++) {
		assert_int_equal(call(&why), RPC_SUCCESS);
	}
	check_broken(EPROTO);
}

static void check_deadline(int socktype, enum habit habit)
{
	int why;

	open_handle(socktype);
	f.habit = habit;
	assert_int_equal(call(&why), RPC_TIMEDOUT);
	assert_in_range(f.clock.mono.ns, TIMEOUT, TIMEOUT + STEP);
	assert_in_range(f.sent, 1, TIMEOUT / STEP + 1);
}

static void datagrams_do_not_move_the_deadline(void **state)
{
	int why;

	(void)state;
	check_deadline(SOCK_DGRAM, FLOODS);
	f.habit = ANSWERS; /* such a handle is still good */
	f.sent = 0;
	assert_int_equal(call(&why), RPC_SUCCESS);
}

/* However many calls there are. */
static void a_deadline_of_all_calls(void **state)
{
	const dur_ns expected[] = { TIMEOUT, TIMEOUT / 2, 0 };
	int why;

	(void)state;
	open_handle(SOCK_DGRAM);
	f.habit = FLOODS;
	call_set_deadline(f.client, mono_add(f.clock.mono, TIMEOUT + TIMEOUT / 2));
	for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++) {
		const struct mono before = f.clock.mono;

		assert_int_equal(call(&why), RPC_TIMEDOUT);
		assert_in_range(mono_since(f.clock.mono, before), expected[i], expected[i] + STEP);
	}
}

static void octets_do_not_move_the_deadline(void **state)
{
	int why;

	(void)state;
	open_handle(SOCK_STREAM);
	f.habit = DRIPS;
	assert_int_equal(call(&why), RPC_CANTRECV);
	assert_int_equal(why, ECONNABORTED);
	assert_in_range(f.clock.mono.ns, TIMEOUT, TIMEOUT + STEP);
	assert_in_range(f.sent, 1, TIMEOUT / STEP + 1);
}

/*
 * What comes after half a message may be its rest, or the next one, whose first octets would make a
 * whole of the half: a late reply that never came.
 */
static void half_a_message_ends_the_stream(void **state)
{
	struct call_counts counts;

	(void)state;
	open_handle(SOCK_STREAM);
	f.habit = STOPS_SHORT;
	check_broken(ECONNABORTED);
	counts = call_counts(f.client);
	assert_int_equal(counts.sent, 1);
	assert_int_equal(counts.lost, 1);
	assert_int_equal(counts.late, 0);
	assert_int_equal(counts.received, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_record_that_is_too_long),
		TEST(too_many_fragments),
		TEST(a_stream_of_strays_is_given_up),
		TEST(a_stream_that_answers_twice_is_given_up),
		TEST(datagrams_do_not_move_the_deadline),
		TEST(a_deadline_of_all_calls),
		TEST(octets_do_not_move_the_deadline),
		TEST(half_a_message_ends_the_stream),
	};

	return cmocka_run_group_tests_name("call_hostile", tests, NULL, NULL);
}
