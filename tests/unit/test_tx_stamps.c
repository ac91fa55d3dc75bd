/* SPDX-License-Identifier: BSD-3-Clause */
/* The memory of when replies left: filled by the kernel, and bounded. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rpc/server/tx_stamps.h"
#include "rpc/stamp.h"
#include "tests/support/between.h"
#include "tests/support/fake_clock.h"
#include "tests/support/sockets.h"

struct fixture {
	struct fake_clock clock; /* shows what the kernel's does */
	int fd, sink;
	struct tx_stamps *d;
};

static int setup(void **state)
{
	static struct fixture f;
	struct address at = address_loopback(AF_INET, 0);
	int rc;

	*state = &f;
	fake_clock_init(&f.clock, 0);
	f.sink = sockets_bind(&at, SOCK_DGRAM);
	f.fd = sockets_connect(&at, SOCK_DGRAM);
	rc = stamp_enable(f.fd);
	return rc == 0 ? tx_stamps_open(&f.d, f.fd, &f.clock.clock) : rc;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	tx_stamps_close(f->d);
	close(f->fd);
	close(f->sink);
	return 0;
}

static ts_ns realtime(void)
{
	struct timespec t;

	assert_int_equal(clock_gettime(CLOCK_REALTIME, &t), 0);
	return t.tv_sec * NS_PER_SEC + t.tv_nsec;
}

static struct address peer(const char *host, uint16_t port)
{
	struct address a;

	assert_true(address_parse(&a, host));
	address_set_port(&a, port);
	return a;
}

/* Send a datagram and ask for its transmit timestamp. */
static void leave(const struct fixture *f)
{
	_Alignas(struct cmsghdr) uint8_t control[STAMP_REQUEST_SIZE];
	struct iovec iov = { .iov_base = control, .iov_len = 1 };
	const struct msghdr msg = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control,
		.msg_controllen = sizeof(control),
	};

	stamp_request_tx(control);
	assert_int_equal(sendmsg(f->fd, &msg, 0), 1);
}

/* Wait for the stamp of the last packet, and take all in. */
static void collect(const struct fixture *f, const struct address *last, ts_ns arrival)
{
	for (int ms = 0; tx_stamps_find(f->d, last, arrival) == 0; ms++) {
		assert_true(ms < SOCKETS_LONGEST_MS);
		if (ms > 0) {
			usleep(1000);
		}
		tx_stamps_collect(f->d);
	}
}

static void a_stamp_is_known_once_collected(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("192.0.2.1", 1000);
	const ts_ns arrival = realtime();

	assert_int_equal(tx_stamps_find(f->d, &a, arrival), 0);
	tx_stamps_expect(f->d, &a, arrival);
	leave(f);
	assert_int_equal(tx_stamps_find(f->d, &a, arrival), 0);
	collect(f, &a, arrival);
	assert_between(arrival, tx_stamps_find(f->d, &a, arrival), realtime());
}

static void only_whose_it_is_is_told(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("192.0.2.1", 1000), port = peer("192.0.2.1", 1001),
			     host = peer("192.0.2.2", 1000),
			     mapped = peer("::ffff:192.0.2.1", 1000);
	const ts_ns arrival = realtime();

	tx_stamps_expect(f->d, &a, arrival);
	leave(f);
	collect(f, &a, arrival);
	assert_int_equal(tx_stamps_find(f->d, &port, arrival), 0);
	assert_int_equal(tx_stamps_find(f->d, &host, arrival), 0);
	assert_int_equal(tx_stamps_find(f->d, &a, arrival - 1), 0);
	assert_int_equal(tx_stamps_find(f->d, &a, 0), 0);
	assert_int_not_equal(tx_stamps_find(f->d, &mapped, arrival), 0); /* the same client */
}

static void only_the_last_of_each_is_kept(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("2001:db8::1", 1000);
	const ts_ns first = realtime(), second = first + 1;

	tx_stamps_expect(f->d, &a, first);
	leave(f);
	tx_stamps_expect(f->d, &a, second);
	leave(f);
	collect(f, &a, second);
	assert_int_equal(tx_stamps_find(f->d, &a, first), 0);
}

/* A stamp from before the call came is another one's. */
static void a_stamp_before_the_arrival_is_ignored(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("192.0.2.1", 1), b = peer("192.0.2.1", 2);
	const ts_ns now = realtime();

	tx_stamps_expect(f->d, &a, now + 1000 * NS_PER_SEC);
	leave(f);
	tx_stamps_expect(f->d, &b, now);
	leave(f);
	collect(f, &b, now);
	assert_int_equal(tx_stamps_find(f->d, &a, now + 1000 * NS_PER_SEC), 0);
}

/* The stamps of before a failure come late, under numbers that others have by then. */
static void a_failure_costs_what_is_owed(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("192.0.2.1", 1), b = peer("192.0.2.1", 2);
	const ts_ns earlier = realtime();
	ts_ns later;

	for (int i = 0; i < 3; i++) {
		tx_stamps_expect(f->d, &a, earlier);
		leave(f);
	}
	tx_stamps_failed(f->d);
	later = realtime();
	tx_stamps_expect(f->d, &b, later);
	leave(f);
	collect(f, &b, later);
	assert_between(later, tx_stamps_find(f->d, &b, later), realtime());
	assert_int_equal(tx_stamps_find(f->d, &a, earlier), 0);
}

/* Or the socket would stay in error, and whoever waits for it would spin. */
static void what_is_left_of_another_process_is_forgotten(void **state)
{
	struct fixture *f = *state;
	const struct address a = peer("192.0.2.1", 1000);
	struct pollfd socket = { .fd = f->fd };

	tx_stamps_expect(f->d, &a, realtime());
	leave(f);
	assert_int_equal(poll(&socket, 1, SOCKETS_LONGEST_MS), 1);
	tx_stamps_close(f->d);
	assert_int_equal(tx_stamps_open(&f->d, f->fd, &f->clock.clock), 0);
	tx_stamps_collect(f->d);
	assert_int_equal(poll(&socket, 1, 0), 0);
}

#define MANY 6000

/* More clients than there are places: some are forgotten, but none is told another's stamp. */
static void clients_without_number(void **state)
{
	struct fixture *f = *state;
	static ts_ns arrivals[MANY], left[MANY];
	unsigned known = 0;

	for (int i = 0; i < MANY; i++) {
		const struct address a = peer(i % 2 ? "2001:db8::1" : "192.0.2.1", (uint16_t)i);

		arrivals[i] = realtime();
		tx_stamps_expect(f->d, &a, arrivals[i]);
		leave(f);
		left[i] = realtime();
		collect(f, &a, arrivals[i]);
	}
	for (int i = 0; i < MANY; i++) {
		const struct address a = peer(i % 2 ? "2001:db8::1" : "192.0.2.1", (uint16_t)i);
		const ts_ns t = tx_stamps_find(f->d, &a, arrivals[i]);

		if (t != 0) {
			known++;
			assert_between(arrivals[i], t, left[i]);
		}
	}
	assert_between(2500, known, 4096); /* 4096 * (1 - exp(-6000 / 4096)) are expected */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_stamp_is_known_once_collected),
		TEST(only_whose_it_is_is_told),
		TEST(only_the_last_of_each_is_kept),
		TEST(a_stamp_before_the_arrival_is_ignored),
		TEST(a_failure_costs_what_is_owed),
		TEST(what_is_left_of_another_process_is_forgotten),
		TEST(clients_without_number),
	};

	return cmocka_run_group_tests_name("tx_stamps", tests, NULL, NULL);
}
