/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream transport over real sockets: many clients at once, and none at the cost of another. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/between.h"
#include "tests/support/served_stream.h"
#include "tests/support/sockets.h"

#define MANY 150 /* more than are served, or accepted, at one wake-up */

static const struct svc_stream_limits wide = {
	.connections = 1000,
	.connections_per_address = 1000,
	.idle_timeout = 60 * NS_PER_SEC,
	.busy_timeout = 10 * NS_PER_SEC,
};

static int setup(void **state)
{
	static struct served_stream s;

	*state = &s;
	return served_stream_open(&s, &wide);
}

static int teardown(void **state)
{
	served_stream_close((struct served_stream *)*state);
	return 0;
}

static uint64_t count(const struct served_stream *s, enum counter what)
{
	return served_count(&s->served, what);
}

static void calls_over_one_connection(void **state)
{
	struct served_stream *s = *state;
	const int client = served_stream_client(s, NULL);

	for (int i = 0; i < 3; i++) {
		assert_true(served_stream_answers(s, client));
	}
	assert_int_equal(svc_stream_connections(s->transport), 1);
	assert_int_equal(count(s, COUNTER_TCP_GET_TIMESTAMPS), 3);
	close(client);
	served_stream_serve(s);
	assert_int_equal(svc_stream_connections(s->transport), 0);
	assert_int_equal(count(s, COUNTER_CLOSED), 1);
	assert_int_equal(count(s, COUNTER_CLOSED_EARLY), 0);
}

static void several_listeners(void **state)
{
	struct served_stream *s = *state;
	struct address at6 = address_loopback(AF_INET6, 0);
	const int listener = sockets_bind(&at6, SOCK_STREAM);
	int v6, local;

	assert_int_equal(svc_stream_listen(s->transport, listener), 0);
	v6 = sockets_connect(&at6, SOCK_STREAM);
	assert_true(served_stream_answers(s, v6));
	local = sockets_connect(&s->local_at, SOCK_STREAM); /* we are the user that it is for */
	assert_true(served_stream_answers(s, local));
	assert_int_equal(svc_stream_connections(s->transport), 2);
	close(v6);
	close(local);
	close(listener);
}

static void listeners_have_a_limit(void **state)
{
	struct served_stream *s = *state;
	int fds[16]; /* besides the two that there are */

	assert_int_equal(svc_stream_listen(s->transport, -1), -EBADF);
	for (int i = 0; i < 16; i++) {
		struct address at = address_loopback(AF_INET, 0);

		fds[i] = sockets_bind(&at, SOCK_STREAM);
		assert_int_equal(svc_stream_listen(s->transport, fds[i]), i < 14 ? 0 : -ENOSPC);
	}
	for (int i = 0; i < 16; i++) {
		close(fds[i]);
	}
}

static void many_connections_at_once(void **state)
{
	struct served_stream *s = *state;
	const struct message record = served_record(1);
	int clients[MANY];

	for (int i = 0; i < MANY; i++) {
		clients[i] = sockets_connect(&s->at, SOCK_STREAM);
		sockets_send(clients[i], record.bytes, record.len);
	}
	while (count(s, COUNTER_TCP_GET_TIMESTAMPS) < MANY) {
		served_stream_serve(s);
	}
	assert_int_equal(svc_stream_connections(s->transport), MANY);
	for (int i = 0; i < MANY; i++) {
		uint8_t reply[100];

		assert_true(sockets_readable(clients[i], SOCKETS_LONGEST_MS));
		assert_int_equal(recv(clients[i], reply, sizeof(reply), 0), record.len);
		close(clients[i]);
	}
	while (svc_stream_connections(s->transport) > 0) {
		served_stream_serve(s);
	}
	assert_int_equal(count(s, COUNTER_CLOSED), MANY);
}

/* A call in two pieces. When it arrived and left, as the reply has it, and when its end was sent.
 */
static void call_in_pieces(struct served_stream *s, ts_ns *arrived, ts_ns *left, ts_ns sent[2])
{
	const struct message record = served_record(1);
	const int client = served_stream_client(s, NULL);
	uint8_t reply[100];
	struct timespec t[2];

	served_stream_send(s, client, record.bytes, 30);
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t[0]), 0);
	sockets_send(client, record.bytes + 30, record.len - 30);
	assert_true(sockets_readable(svc_stream_fd(s->transport), SOCKETS_LONGEST_MS));
	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t[1]), 0);
	usleep(2000);
	served_stream_serve(s);
	assert_true(sockets_readable(client, SOCKETS_LONGEST_MS));
	assert_int_equal(recv(client, reply, sizeof(reply), 0), record.len);
	close(client);
	*arrived = (ts_ns)message_get_u64(reply, 4 + REPLY_HEADER_SIZE + 8);
	*left = (ts_ns)message_get_u64(reply, 4 + REPLY_HEADER_SIZE + 16);
	for (int i = 0; i < 2; i++) {
		sent[i] = t[i].tv_sec * NS_PER_SEC + t[i].tv_nsec;
	}
}

/*
 * The arrival is the kernel's, on the served clock's scale, also of a call in pieces: its end's.
 * The first socket of the machine that asks for stamps has to wait for them: the kernel begins
 * later, in a work queue.
 */
static void stamps(void **state)
{
	const dur_ns ahead = 5000 * NS_PER_SEC;
	struct served_stream *s = *state;
	ts_ns arrived = 99, left, sent[2];

	s->served.clock.ahead = ahead;
	s->served.clock.now = 99;
	for (int i = 0; arrived == 99 && i < SOCKETS_LONGEST_MS; i++) {
		call_in_pieces(s, &arrived, &left, sent);
	}
	assert_between(sent[0] + ahead, arrived, sent[1] + ahead);
	assert_int_equal(left, 99);
}

static void who_is_not_allowed_is_not_let_in(void **state)
{
	struct served_stream *s = *state;
	int client;

	assert_int_equal(access_allow(&s->served.access, "127.0.0.8/29"), 0);
	client = served_stream_client(s, "127.0.0.1");
	assert_true(sockets_readable(client, SOCKETS_LONGEST_MS));
	assert_true(served_stream_closed(client));
	assert_int_equal(count(s, COUNTER_DENIED), 1);
	assert_int_equal(svc_stream_connections(s->transport), 0);
	close(client);
	client = served_stream_client(s, "127.0.0.9");
	assert_true(served_stream_answers(s, client));
	close(client);
}

/* Half a call here, nonsense there, unread replies elsewhere: the next client is served at once. */
static void nobody_delays_another(void **state)
{
	struct served_stream *s = *state;
	int half, nonsense, unread, good;

	half = served_stream_client(s, NULL);
	nonsense = served_stream_client(s, NULL);
	good = served_stream_client(s, NULL);
	served_stream_send(s, half, "\x80", 1);
	served_stream_send(s, nonsense, "nonsense", 8);
	assert_true(sockets_readable(nonsense, SOCKETS_LONGEST_MS));
	assert_true(served_stream_closed(nonsense));
	unread = served_stream_unread_client(s);
	assert_true(served_stream_answers(s, good));
	assert_int_equal(svc_stream_connections(s->transport), 3);
	/* There is nothing to do, and the server does not spin over it. */
	assert_false(sockets_readable(svc_stream_fd(s->transport), 0));
	close(half);
	close(nonsense);
	close(unread);
	close(good);
}

/* A process that is forked has the sockets too, and holds open what the server closes. */
static void what_a_child_has_too_is_over(void **state)
{
	struct served_stream *s = *state;
	const int client = served_stream_client(s, NULL);
	const pid_t child = fork();
	bool ready;

	if (child == 0) {
		pause();
	}
	assert_true(child > 0);
	shutdown(client, SHUT_RDWR);
	served_stream_serve(s);
	ready = sockets_readable(svc_stream_fd(s->transport), 0);
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(svc_stream_connections(s->transport), 0);
	assert_false(ready); /* by a connection that is no more */
	close(client);
}

static void closing_the_server_closes_all(void **state)
{
	struct served_stream s;
	int clients[3];

	(void)state;
	assert_int_equal(served_stream_open(&s, &wide), 0);
	for (int i = 0; i < 3; i++) {
		clients[i] = served_stream_client(&s, NULL);
	}
	served_stream_send(&s, clients[1], "\x80", 1);
	served_stream_close(&s);
	for (int i = 0; i < 3; i++) {
		assert_true(sockets_readable(clients[i], SOCKETS_LONGEST_MS));
		assert_true(served_stream_closed(clients[i]));
		close(clients[i]);
	}
	svc_stream_close(NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(calls_over_one_connection),
		TEST(several_listeners),
		TEST(listeners_have_a_limit),
		TEST(many_connections_at_once),
		TEST(stamps),
		TEST(who_is_not_allowed_is_not_let_in),
		TEST(nobody_delays_another),
		TEST(what_a_child_has_too_is_over),
		cmocka_unit_test(closing_the_server_closes_all),
	};

	return cmocka_run_group_tests_name("svc_stream", tests, NULL, NULL);
}
