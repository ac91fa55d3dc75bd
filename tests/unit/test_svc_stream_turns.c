/* SPDX-License-Identifier: BSD-3-Clause */
/* The stream transport with many clients that send without end: each has its turn, a short one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/record.h"
#include "rpc/server/svc_stream.h"
#include "rpc/wire.h"
#include "rpc/server/time_service.h"
#include "os/clock_system.h"

#define CLIENTS    64
#define CALLS      40
#define CALL_SIZE  44 /* of NULL, with its record mark */
#define REPLY_SIZE 28
/* The limit of one wake-up: 2 ms even where a reply takes 10 us to send. */
#define CALLS_A_WAKEUP 200
/* Closing a connection takes as long as several calls. */
#define CLOSED_A_WAKEUP 20

#define TIMEOUT (60 * NS_PER_SEC)

struct crowd {
	struct service service;
	struct counters counters;
	struct access access;
	struct admission admission;
	struct svc_stream *stream;
	int listener;
	int clients[CLIENTS];
};

static int listen_on_loopback(struct address *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	*at = address_loopback(AF_INET, 0);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&at->sa, at->len), 0);
	assert_int_equal(listen(fd, CLIENTS), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at->sa, &at->len), 0);
	return fd;
}

static int connect_to(const struct address *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (const struct sockaddr *)&at->sa, at->len), 0);
	return fd;
}

static void gather(struct crowd *c)
{
	const struct svc_stream_limits limits = {
		.connections = CLIENTS,
		.connections_per_address = CLIENTS,
		.idle_timeout = TIMEOUT,
		.busy_timeout = TIMEOUT,
	};
	struct address at;

	memset(c, 0, sizeof(*c));
	c->service.clock = clock_system();
	c->admission = (struct admission){
		.clock = clock_system(),
		.access = &c->access,
		.counters = &c->counters,
	};
	assert_int_equal(svc_message_open(&c->admission.message, service_programs, SERVICE_PROGRAMS,
					  &c->service),
			 0);
	assert_int_equal(svc_stream_open(&c->stream, &c->admission, &limits), 0);
	c->listener = listen_on_loopback(&at);
	assert_int_equal(svc_stream_listen(c->stream, c->listener), 0);
	for (size_t i = 0; i < CLIENTS; i++) {
		c->clients[i] = connect_to(&at);
		svc_stream_serve(c->stream);
	}
	assert_int_equal(svc_stream_connections(c->stream), CLIENTS);
}

static void disperse(struct crowd *c)
{
	for (size_t i = 0; i < CLIENTS; i++) {
		close(c->clients[i]);
	}
	svc_stream_close(c->stream);
	svc_message_close(c->admission.message);
	close(c->listener);
}

/* All calls of one client, in one piece. */
static void send_calls(int fd)
{
	static const uint32_t words[CALL_SIZE / 4] = {
		RECORD_LAST_FRAGMENT | (CALL_SIZE - RECORD_MARK_SIZE),
		1,
		CALL,
		RPC_MSG_VERSION,
		542397273,
		1,
	};
	uint8_t calls[CALLS * CALL_SIZE];

	for (size_t i = 0; i < sizeof(calls) / 4; i++) {
		wire_put_u32(calls + 4 * i, words[i % (CALL_SIZE / 4)]);
	}
	assert_int_equal(send(fd, calls, sizeof(calls), 0), sizeof(calls));
}

static uint64_t answered(const struct crowd *c)
{
	return counters_read(&c->counters, COUNTER_TCP_NULL);
}

/* Calls of this client that are answered already. */
static size_t replies_at(int fd)
{
	uint8_t replies[CALLS * REPLY_SIZE];
	ssize_t n = recv(fd, replies, sizeof(replies), MSG_PEEK | MSG_DONTWAIT);

	return n > 0 ? (size_t)n / REPLY_SIZE : 0;
}

/* Between two wake-ups come the datagrams' turns, so none of them may take long. */
static void a_wakeup_is_short(void **state)
{
	struct crowd c;
	uint64_t before;

	(void)state;
	gather(&c);
	for (size_t i = 0; i < CLIENTS; i++) {
		send_calls(c.clients[i]);
	}
	do {
		before = answered(&c);
		svc_stream_serve(c.stream);
		assert_true(answered(&c) - before <= CALLS_A_WAKEUP);
	} while (answered(&c) > before);
	assert_int_equal(answered(&c), CLIENTS * CALLS);
	disperse(&c);
}

/* Nobody gets a second turn before everybody has had a first. */
static void turns_go_round(void **state)
{
	struct crowd c;
	size_t waiting = CLIENTS;

	(void)state;
	gather(&c);
	for (size_t i = 0; i < CLIENTS; i++) {
		send_calls(c.clients[i]);
	}
	while (waiting > 0) {
		const size_t before = waiting;

		svc_stream_serve(c.stream);
		waiting = 0;
		for (size_t i = 0; i < CLIENTS; i++) {
			const size_t n = replies_at(c.clients[i]);

			waiting += n == 0;
			assert_true(n < CALLS);
		}
		assert_true(waiting < before);
	}
	disperse(&c);
}

/* Those who came at the same time also time out at the same time, idle or busy. */
static void timeouts_are_in_turns_too(void **state)
{
	struct crowd c;
	struct mono later;
	size_t left = CLIENTS;
	dur_ns wait;

	(void)state;
	gather(&c);
	for (size_t i = 0; i < CLIENTS; i += 2) {
		assert_int_equal(send(c.clients[i], "", 1, 0), 1);
		svc_stream_serve(c.stream);
	}
	later = mono_add(clock_mono(clock_system()), TIMEOUT);
	do {
		const size_t before = left;

		wait = svc_stream_expire(c.stream, later);
		left = svc_stream_connections(c.stream);
		assert_true(before - left <= CLOSED_A_WAKEUP);
		assert_true(wait > 0 || left < before);
	} while (wait == 0);
	assert_int_equal(left, 0);
	assert_int_equal(wait, NS_PER_SEC);
	disperse(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_wakeup_is_short),
		cmocka_unit_test(turns_go_round),
		cmocka_unit_test(timeouts_are_in_turns_too),
	};

	return cmocka_run_group_tests_name("svc_stream turns", tests, NULL, NULL);
}
