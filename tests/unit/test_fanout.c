/* SPDX-License-Identifier: BSD-3-Clause */
/* Many calls at once: each is answered, or times out, once, and by nobody but the one asked. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/client/call.h"
#include "rpc/client/fanout.h"
#include "rpc/wire.h"
#include "os/clock_system.h"

#define CALLS        1000
#define TIMEOUT      NS_PER_SEC
#define CALL_SIZE    48 /* of a call with one hyper as its arguments */
#define ARGUMENTS_AT 40

/* The system clock, but deadlines pass when a test says so. */
struct test_clock {
	struct clock clock;
	struct mono now;
};

static ts_ns test_now(struct clock *c)
{
	(void)c;
	return clock_now(clock_system());
}

static struct mono test_mono(struct clock *c)
{
	return ((struct test_clock *)c)->now;
}

static ts_ns test_from_kernel(struct clock *c, ts_ns kernel)
{
	(void)c;
	return kernel;
}

static const struct clock_ops test_ops = {
	.now = test_now,
	.mono = test_mono,
	.from_kernel = test_from_kernel,
};

struct world {
	struct test_clock clock;
	struct fanout *fanout;
	int server; /* a socket that the test answers from */
	struct address at;
};

/* The outcome of a call. */
struct ending {
	int times, rc;
	size_t len;
	uint64_t result;
	ts_ns departed, arrived;
	struct world *world; /* where `again` calls again */
	int again;
};

static int open_server(struct address *at)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	const int buffer = 4 * 1024 * 1024;

	assert_true(fd >= 0);
	*at = address_loopback(AF_INET, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at->sa, at->len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at->sa, &at->len), 0);
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return fd;
}

static int setup(void **state)
{
	const struct address any = address_any(AF_INET, 0);
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	w->clock.clock.ops = &test_ops;
	w->server = open_server(&w->at);
	*state = w;
	return fanout_open(&w->fanout, &any, CALLS, &w->clock.clock);
}

static int teardown(void **state)
{
	struct world *w = *state;

	fanout_close(w->fanout);
	close(w->server);
	free(w);
	return 0;
}

static bool_t encode_hyper(XDR *xdr, ...)
{
	va_list args;
	uint64_t *value;

	va_start(args, xdr);
	value = va_arg(args, uint64_t *);
	va_end(args);
	return xdr_uint64_t(xdr, value);
}

static void done(void *arg, const struct fanout_outcome *o);

static int send_call(struct world *w, struct ending *e, uint64_t argument)
{
	const struct fanout_call call = {
		.to = w->at,
		.prog = 542397255,
		.vers = 1,
		.proc = 1,
		.encode = encode_hyper,
		.args = &argument,
		.timeout = TIMEOUT,
		.done = done,
		.arg = e,
	};

	return fanout_send(w->fanout, &call);
}

static void done(void *arg, const struct fanout_outcome *o)
{
	struct ending *e = arg;

	e->times++;
	e->rc = o->rc;
	e->len = o->len;
	e->departed = o->departed;
	e->arrived = o->arrived;
	if (o->rc == 0 && o->len == 8) {
		e->result = (uint64_t)wire_get_u32(o->result) << 32 | wire_get_u32(o->result + 4);
	}
	if (e->again > 0) {
		e->again--;
		assert_int_equal(send_call(e->world, e, e->result), 0);
	}
}

/* Take a call in at the server. False when there is none. */
static bool take_call(struct world *w, uint8_t call[CALL_SIZE], struct address *from)
{
	ssize_t n;

	from->len = sizeof(from->sa);
	n = recvfrom(w->server, call, CALL_SIZE, 0, (struct sockaddr *)&from->sa, &from->len);
	assert_true(n < 0 || n == CALL_SIZE);
	return n > 0;
}

/* Answer a call from `fd` with its own argument. */
static void answer(int fd, const uint8_t call[CALL_SIZE], const struct address *to)
{
	uint8_t reply[32] = { 0 };

	memcpy(reply, call, 4);
	reply[7] = REPLY;
	memcpy(reply + 24, call + ARGUMENTS_AT, 8);
	assert_int_equal(
		sendto(fd, reply, sizeof(reply), 0, (const struct sockaddr *)&to->sa, to->len),
		sizeof(reply));
}

static void one_call(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	uint8_t call[CALL_SIZE];
	struct address from;

	assert_int_equal(send_call(w, &e, 77), 0);
	assert_int_equal(fanout_pending(w->fanout), 1);
	assert_true(take_call(w, call, &from));
	answer(w->server, call, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.times, 1);
	assert_int_equal(e.rc, 0);
	assert_int_equal(e.result, 77);
	assert_true(e.departed < e.arrived);
	assert_int_equal(fanout_pending(w->fanout), 0);
	assert_true(fanout_expire(w->fanout, w->clock.now) < 0);
}

static void the_call_is_stamped_where_it_is_wanted(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	uint64_t argument = 1;
	const struct fanout_call stamped = {
		.to = w->at,
		.encode = encode_hyper,
		.args = &argument,
		.stamp = true,
		.timeout = TIMEOUT,
		.done = done,
		.arg = &e,
	};
	uint8_t call[CALL_SIZE];
	struct address from;

	assert_int_equal(fanout_send(w->fanout, &stamped), 0);
	assert_true(take_call(w, call, &from));
	answer(w->server, call, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.result, (uint64_t)e.departed);
}

static bool is_wanted(void *arg, const struct fanout_outcome *o)
{
	(void)arg;
	return o->len == 8 && wire_get_u32(o->result + 4) == 77;
}

/* By whoever sees the calls, before the right one comes. */
static void an_answer_that_is_not_taken_ends_nothing(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	uint64_t argument = 77;
	const struct fanout_call call = {
		.to = w->at,
		.encode = encode_hyper,
		.args = &argument,
		.timeout = TIMEOUT,
		.takes = is_wanted,
		.done = done,
		.arg = &e,
	};
	uint8_t message[CALL_SIZE], wrong[CALL_SIZE], refusal[24] = { 0 };
	struct address from;

	assert_int_equal(fanout_send(w->fanout, &call), 0);
	assert_true(take_call(w, message, &from));
	memcpy(wrong, message, sizeof(wrong));
	wrong[ARGUMENTS_AT + 7] = 78;
	answer(w->server, wrong, &from);
	memcpy(refusal, message, 4);
	refusal[7] = REPLY;
	refusal[11] = MSG_DENIED;
	assert_int_equal(sendto(w->server, refusal, sizeof(refusal), 0,
				(const struct sockaddr *)&from.sa, from.len),
			 sizeof(refusal));
	fanout_serve(w->fanout);
	assert_int_equal(e.times, 0);
	answer(w->server, message, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.times, 1);
	assert_int_equal(e.rc, 0);
	assert_int_equal(e.result, 77);
}

/* Send so many calls, answer all but each tenth, in another order, and let the rest time out. */
static void many_calls_and_some_dead(void **state)
{
	struct world *w = *state;
	static struct ending endings[CALLS];
	static uint8_t calls[CALLS][CALL_SIZE];
	struct address from;
	size_t n = 0;

	memset(endings, 0, sizeof(endings));
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(send_call(w, &endings[i], i), 0);
		assert_true(take_call(w, calls[i], &from));
	}
	assert_int_equal(send_call(w, &endings[0], 0), -EAGAIN);
	for (size_t i = CALLS; i-- > 0;) {
		if (i % 10 != 3) {
			answer(w->server, calls[i], &from);
			fanout_serve(w->fanout);
			n++;
		}
	}
	assert_int_equal(fanout_pending(w->fanout), CALLS - n);
	assert_int_equal(fanout_expire(w->fanout, mono_add(w->clock.now, TIMEOUT - 1)), 1);
	assert_true(fanout_expire(w->fanout, mono_add(w->clock.now, TIMEOUT)) < 0);
	for (size_t i = 0; i < CALLS; i++) {
		assert_int_equal(endings[i].times, 1);
		assert_int_equal(endings[i].rc, i % 10 == 3 ? -ETIMEDOUT : 0);
		assert_int_equal(endings[i].result, i % 10 == 3 ? 0 : i);
	}
}

static void nobody_else_can_answer(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	struct address from, stranger_at;
	int stranger = open_server(&stranger_at);
	uint8_t call[CALL_SIZE], guess[CALL_SIZE];

	assert_int_equal(send_call(w, &e, 5), 0);
	assert_true(take_call(w, call, &from));
	answer(stranger, call, &from);
	memcpy(guess, call, sizeof(guess));
	guess[0] ^= 1;
	answer(w->server, guess, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.times, 0);
	answer(w->server, call, &from);
	answer(w->server, call, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.times, 1);
	close(stranger);
}

/* Errors, calls and noise are not results. */
static void what_is_no_result(void **state)
{
	struct world *w = *state;
	uint8_t call[CALL_SIZE], reply[32] = { 0 };
	struct address from;

	for (size_t len = 0; len < 24; len++) {
		struct ending e = { 0 };

		assert_int_equal(send_call(w, &e, 5), 0);
		assert_true(take_call(w, call, &from));
		memcpy(reply, call, 4);
		reply[7] = REPLY;
		assert_int_equal(
			sendto(w->server, reply, len, 0, (struct sockaddr *)&from.sa, from.len),
			len);
		fanout_serve(w->fanout);
		if (len >= 8) {
			assert_int_equal(e.rc, -EBADMSG);
		}
		assert_true(fanout_expire(w->fanout, mono_add(w->clock.now, TIMEOUT)) < 0);
		assert_int_equal(e.times, 1);
	}
}

static void the_end_of_one_may_begin_another(void **state)
{
	struct world *w = *state;
	struct ending e = { .world = w, .again = 9 };
	uint8_t call[CALL_SIZE];
	struct address from;

	assert_int_equal(send_call(w, &e, 42), 0);
	for (int i = 0; i < 10; i++) {
		assert_true(take_call(w, call, &from));
		answer(w->server, call, &from);
		fanout_serve(w->fanout);
	}
	assert_int_equal(e.times, 10);
	assert_int_equal(e.result, 42);
	assert_int_equal(fanout_pending(w->fanout), 0);
}

static void an_answer_that_waits_is_in_time(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	uint8_t call[CALL_SIZE];
	struct address from;

	assert_int_equal(send_call(w, &e, 6), 0);
	assert_true(take_call(w, call, &from));
	answer(w->server, call, &from);
	assert_true(fanout_expire(w->fanout, mono_add(w->clock.now, TIMEOUT)) < 0);
	assert_int_equal(e.rc, 0);
	assert_int_equal(e.times, 1);
}

static void calls_leave_from_the_given_address(void **state)
{
	struct world *w = *state;
	struct ending e = { 0 };
	uint8_t call[CALL_SIZE];
	struct address here, from;

	assert_true(address_parse(&here, "127.0.0.9"));
	fanout_close(w->fanout);
	assert_int_equal(fanout_open(&w->fanout, &here, CALLS, &w->clock.clock), 0);
	assert_int_equal(send_call(w, &e, 42), 0);
	assert_true(take_call(w, call, &from));
	assert_true(address_is_same_host(&from, &here));
	answer(w->server, call, &from);
	fanout_serve(w->fanout);
	assert_int_equal(e.result, 42);
}

static void an_address_of_another_machine_is_refused(void **state)
{
	struct world *w = *state;
	struct address elsewhere;
	struct fanout *f;

	assert_true(address_parse(&elsewhere, "192.0.2.1"));
	assert_int_equal(fanout_open(&f, &elsewhere, CALLS, &w->clock.clock), -EADDRNOTAVAIL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(one_call),
		TEST(the_call_is_stamped_where_it_is_wanted),
		TEST(many_calls_and_some_dead),
		TEST(nobody_else_can_answer),
		TEST(an_answer_that_is_not_taken_ends_nothing),
		TEST(what_is_no_result),
		TEST(the_end_of_one_may_begin_another),
		TEST(an_answer_that_waits_is_in_time),
		TEST(calls_leave_from_the_given_address),
		TEST(an_address_of_another_machine_is_refused),
	};

	return cmocka_run_group_tests_name("fanout", tests, NULL, NULL);
}
