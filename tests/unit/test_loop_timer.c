/* SPDX-License-Identifier: BSD-3-Clause */
/* Timers of the event loop: their order, their repetition, and that nobody starves. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "os/clock_system.h"
#include "os/loop.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"

#define LONGEST 30 /* seconds that a test may take before it is killed */

struct fixture {
	struct loop *l;
	int read_end, write_end; /* of a pipe */
	char calls[64];          /* one letter for each call of a handler, in order */
	int calls_left;          /* until the loop is stopped */
	dur_ns again_in;         /* what timers return */
	struct mono called;      /* the time given to the last timer */
};

static int setup(void **state)
{
	static struct fixture f;
	int ends[2];

	memset(&f, 0, sizeof(f));
	f.again_in = -1;
	*state = &f;
	alarm(LONGEST);
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
		return -1;
	}
	f.read_end = ends[0];
	f.write_end = ends[1];
	return loop_open(&f.l);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	loop_close(f->l);
	close(f->read_end);
	return close(f->write_end);
}

static void note(struct fixture *f, char letter)
{
	size_t length = strlen(f->calls);

	assert_true(length + 1 < sizeof(f->calls));
	f->calls[length] = letter;
	if (--f->calls_left <= 0) {
		loop_stop(f->l, 7);
	}
}

static void ready(void *arg, int fd)
{
	char rest[16];

	assert_true(read(fd, rest, sizeof(rest)) > 0);
	note(arg, 'r');
}

/* Run until handlers have been called so many times. */
static void run(struct fixture *f, int calls)
{
	f->calls_left = calls;
	assert_int_equal(loop_run(f->l), 7);
}

static int64_t now(void)
{
	return clock_mono(clock_system()).ns;
}

static dur_ns due(struct fixture *f, char letter, struct mono at)
{
	assert_between(at.ns, now(), at.ns + 20 * NS_PER_SEC);
	f->called = at;
	note(f, letter);
	return f->again_in;
}

static dur_ns due_a(void *arg, struct mono at)
{
	return due(arg, 'a', at);
}

static dur_ns due_b(void *arg, struct mono at)
{
	return due(arg, 'b', at);
}

static dur_ns due_c(void *arg, struct mono at)
{
	return due(arg, 'c', at);
}

static dur_ns due_x(void *arg, struct mono at)
{
	return due(arg, 'x', at);
}

/*
 * Start timers that are due in the order a, b, c, and leave them in another order in the loop: c
 * takes the place of one that was before the others and is over. Each is started later than the
 * one before and waits longer, so no delay can change their order.
 */
static void start_a_b_c(struct fixture *f)
{
	assert_int_equal(loop_timer(f->l, 0, due_x, f), 0);
	assert_int_equal(loop_timer(f->l, 2 * NS_PER_MS, due_a, f), 0);
	assert_int_equal(loop_timer(f->l, 3 * NS_PER_MS, due_b, f), 0);
	run(f, 1);
	assert_int_equal(loop_timer(f->l, 4 * NS_PER_MS, due_c, f), 0);
}

static void timers_come_in_the_order_of_their_time(void **state)
{
	struct fixture *f = *state;
	int64_t start = now();

	start_a_b_c(f);
	run(f, 3);
	assert_string_equal(f->calls, "xabc");
	assert_true(f->called.ns - start >= 4 * NS_PER_MS);
}

static void overdue_timers_keep_their_order(void **state)
{
	struct fixture *f = *state;

	start_a_b_c(f);
	usleep(10000);
	run(f, 3);
	assert_string_equal(f->calls, "xabc");
}

static void a_timer_comes_again_as_it_asks(void **state)
{
	struct fixture *f = *state;
	int64_t start = now();

	f->again_in = 2 * NS_PER_MS;
	assert_int_equal(loop_timer(f->l, NS_PER_MS, due_a, f), 0);
	run(f, 5);
	assert_string_equal(f->calls, "aaaaa");
	assert_true(f->called.ns - start >= (1 + 4 * 2) * NS_PER_MS);
}

static void a_timer_that_says_never_is_gone(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 2 * LOOP_MAX_TIMERS; i++) {
		assert_int_equal(loop_timer(f->l, 0, due_a, f), 0); /* in the place of the last */
		run(f, 1);
		f->calls[0] = '\0';
	}
	assert_int_equal(loop_timer(f->l, 5 * NS_PER_MS, due_b, f), 0);
	run(f, 1);
	assert_string_equal(f->calls, "b");
}

/* Also makes input. */
static dur_ns send(void *arg, struct mono at)
{
	struct fixture *f = arg;

	assert_int_equal(write(f->write_end, "x", 1), 1);
	return due(f, 's', at);
}

static void a_timer_that_is_always_due_starves_nobody(void **state)
{
	struct fixture *f = *state;

	f->again_in = 0;
	assert_int_equal(loop_timer(f->l, 0, due_a, f), 0);
	assert_int_equal(loop_timer(f->l, 0, send, f), 0);
	assert_int_equal(loop_watch(f->l, f->read_end, ready, f), 0);
	run(f, 10);
	assert_non_null(strchr(f->calls, 'a'));
	assert_non_null(strchr(f->calls, 'r'));
}

static void input_comes_while_timers_wait(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer(f->l, INT64_MAX, due_a, f), 0);
	assert_int_equal(loop_timer(f->l, 3600 * NS_PER_SEC, due_b, f), 0);
	assert_int_equal(loop_timer(f->l, NS_PER_MS, send, f), 0);
	assert_int_equal(loop_watch(f->l, f->read_end, ready, f), 0);
	run(f, 2);
	assert_string_equal(f->calls, "sr");
}

static void timers_have_limits(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer(f->l, -1, due_a, f), -EINVAL);
	for (int i = 0; i < LOOP_MAX_TIMERS; i++) {
		assert_int_equal(loop_timer(f->l, NS_PER_SEC, due_a, f), 0);
	}
	assert_int_equal(loop_timer(f->l, NS_PER_SEC, due_a, f), -ENOSPC);
}

static dur_ns start_others(void *arg, struct mono at)
{
	struct fixture *f = arg;

	(void)at;
	assert_int_equal(loop_timer(f->l, NS_PER_MS, send, f), 0);
	assert_int_equal(loop_timer(f->l, 2 * NS_PER_MS, due_b, f), 0);
	assert_int_equal(loop_watch(f->l, f->read_end, ready, f), 0);
	return -1;
}

static void a_timer_may_start_others(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(loop_timer(f->l, 0, start_others, f), 0);
	run(f, 3);
	assert_int_equal(f->calls[0], 's'); /* then b and the input that s made, in any order */
	assert_non_null(strchr(f->calls, 'b'));
	assert_non_null(strchr(f->calls, 'r'));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(timers_come_in_the_order_of_their_time),
		TEST(overdue_timers_keep_their_order),
		TEST(a_timer_comes_again_as_it_asks),
		TEST(a_timer_that_says_never_is_gone),
		TEST(a_timer_that_is_always_due_starves_nobody),
		TEST(input_comes_while_timers_wait),
		TEST(timers_have_limits),
		TEST(a_timer_may_start_others),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
