/* SPDX-License-Identifier: BSD-3-Clause */
/* Interleaved exchanges: each completes the sample of the one before it, where that can be done. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "tests/support/asker.h"
#include "tests/support/between.h"

#define NOW   ASKER_NOW
#define THERE FAKE_TIMESYNC_NOW

static struct asker f;

/* The kernel's, or one that refuses to send packets that are to be stamped. */
static bool refuses_to_stamp;

static bool asks_for_stamp(const struct msghdr *msg)
{
	const struct cmsghdr *c = CMSG_FIRSTHDR(msg);

	return c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_TIMESTAMPING;
}

ssize_t sendmsg(int fd, const struct msghdr *msg, int flags)
{
	if (refuses_to_stamp && asks_for_stamp(msg)) {
		errno = EINVAL;
		return -1;
	}
	return syscall(SYS_sendmsg, fd, msg, flags);
}

static int setup(void **state)
{
	(void)state;
	return asker_open(&f, SOCK_DGRAM);
}

static int teardown(void **state)
{
	(void)state;
	asker_close(&f);
	return 0;
}

static ts_ns kernel_now(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

/* One exchange whose call arrives at `ts2`, and that is told that the last reply left at `prev`. */
static int interleaved(ts_ns ts2, ts_ns prev, struct sample *out)
{
	f.server.ts2 = ts2;
	f.server.prev_tx = prev;
	return exchange_interleaved(f.x, out);
}

static void each_completes_the_one_before(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	assert_int_equal(f.server.asked_prev_ts2, 0);
	for (ts_ns i = 1; i < 5; i++) {
		const ts_ns since = kernel_now();

		assert_int_equal(interleaved(THERE + 10 * i, THERE + 10 * i - 5, &s), 0);
		assert_int_equal(f.server.asked_prev_ts2, THERE + 10 * (i - 1));
		assert_int_equal(s.kind, SAMPLE_TIMESTAMPS);
		assert_int_equal(s.t2, THERE + 10 * (i - 1));
		assert_int_equal(s.t3, THERE + 10 * i - 5);
		assert_between(NOW, s.t1, s.t4); /* by the kernel, both of them */
		assert_true(s.t1 > NOW);
		assert_between(s.t1, s.t4, since);
	}
}

/* A reply that was lost is not asked for again; the one before it can still be completed. */
static void a_lost_exchange(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	f.server.silent = true;
	assert_int_equal(interleaved(THERE + 10, THERE + 5, &s), -ETIMEDOUT);
	f.server.silent = false;
	assert_int_equal(interleaved(THERE + 20, THERE + 5, &s), 0);
	assert_int_equal(f.server.asked_prev_ts2, THERE);
	assert_int_equal(s.t2, THERE);
	assert_int_equal(s.t3, THERE + 5);
	assert_int_equal(interleaved(THERE + 30, THERE + 25, &s), 0);
	assert_int_equal(s.t2, THERE + 20);
}

static void a_server_that_does_not_know(void **state)
{
	static const ts_ns unknown[] = { 0, -1, TS_LIMIT, INT64_MIN };
	struct sample s;

	(void)state;
	for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++) {
		assert_int_equal(interleaved(THERE, unknown[i], &s), -EAGAIN);
		assert_int_equal(interleaved(THERE + 10, unknown[i], &s), -EAGAIN);
		assert_int_equal(interleaved(THERE + 20, THERE + 15, &s), 0);
		assert_int_equal(s.t2, THERE + 10);
	}
	/* 0 says that it does not know; the first exchange had none before it. */
	assert_int_equal(exchange_unknown(f.x).replies, 1);
	assert_int_equal(exchange_unknown(f.x).calls, 0);
}

/* The next exchange does not repair a bad one. */
static void nonsense(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	assert_int_equal(interleaved(-1, THERE + 5, &s), -EBADMSG);
	f.server.echo_error = 1;
	assert_int_equal(interleaved(THERE + 10, THERE + 5, &s), -EBADMSG);
	f.server.echo_error = 0;
	assert_int_equal(interleaved(THERE + 20, THERE + 5, &s), 0);
	assert_int_equal(s.t2, THERE);
}

/* The call is made all the same; only that it was not stamped is told. */
static void a_kernel_that_refuses_to_stamp(void **state)
{
	struct sample s;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	refuses_to_stamp = true;
	assert_int_equal(interleaved(THERE + 10, THERE + 5, &s), 0); /* the one before it was */
	assert_int_equal(interleaved(THERE + 20, THERE + 15, &s), -EAGAIN);
	assert_int_equal(exchange_unknown(f.x).calls, 1);
	refuses_to_stamp = false;
	assert_int_equal(interleaved(THERE + 30, THERE + 25, &s), -EAGAIN);
	assert_int_equal(interleaved(THERE + 40, THERE + 35, &s), 0);
	assert_int_equal(s.t2, THERE + 30);
}

/* Other calls on the same socket have stamps as well, which are not taken for these. */
static void other_calls_between(void **state)
{
	struct sample s, plain;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	for (ts_ns i = 1; i < 5; i++) {
		const ts_ns since = kernel_now();

		assert_int_equal(exchange_timestamps(f.x, &plain), 0);
		assert_int_equal(plain.t1, NOW); /* is what the call carried */
		assert_int_equal(exchange_null(f.x), 0);
		assert_int_equal(interleaved(THERE + 10 * i, THERE + 10 * i - 5, &s), 0);
		assert_between(NOW + 1, s.t1, since);
	}
}

/* Sending fails, once, for the port is closed: the stamps are in step again behind that. */
static void a_call_that_cannot_be_sent(void **state)
{
	struct sample s;
	int calls = 0;

	(void)state;
	assert_int_equal(interleaved(THERE, 0, &s), -EAGAIN);
	close(f.server.server.dgram);
	f.server.server.dgram = -1;
	assert_int_equal(exchange_null(f.x), -ECONNREFUSED);
	assert_int_equal(exchange_null(f.x), -ECONNREFUSED);
	f.server.server.dgram = sockets_bind(&f.server.server.dgram_at, SOCK_DGRAM);
	while (exchange_null(f.x) != 0) {
		assert_true(calls++ < 3);
	}
	assert_int_equal(interleaved(THERE + 10, 0, &s), -EAGAIN);
	assert_int_equal(interleaved(THERE + 20, THERE + 15, &s), 0);
	assert_int_equal(s.t2, THERE + 10);
}

static void an_older_server(void **state)
{
	struct sample s;
	char why[EXCHANGE_WHY_MAX];

	(void)state;
	f.server.accept_stat = 3; /* PROC_UNAVAIL */
	assert_int_equal(interleaved(THERE, 0, &s), -EOPNOTSUPP);
	assert_string_equal(exchange_why(f.x, why),
			    "refused the call: PROC_UNAVAIL (it has no such procedure)");
}

static void not_over_a_stream(void **state)
{
	struct exchange *x;
	struct sample s;
	char why[EXCHANGE_WHY_MAX];

	(void)state;
	assert_int_equal(exchange_open(&x, &f.server.server.stream_at, SOCK_STREAM, &f.clock.clock,
				       NS_PER_SEC, NULL),
			 0);
	assert_int_equal(exchange_interleaved(x, &s), -EOPNOTSUPP);
	assert_string_equal(exchange_why(x, why), "Operation not supported");
	assert_int_equal(f.server.server.calls, 0);
	exchange_close(x);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(each_completes_the_one_before),
		TEST(a_lost_exchange),
		TEST(a_server_that_does_not_know),
		TEST(a_kernel_that_refuses_to_stamp),
		TEST(nonsense),
		TEST(other_calls_between),
		TEST(a_call_that_cannot_be_sent),
		TEST(an_older_server),
		TEST(not_over_a_stream),
	};

	return cmocka_run_group_tests_name("exchange_interleaved", tests, NULL, NULL);
}
