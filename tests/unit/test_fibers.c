/* SPDX-License-Identifier: BSD-3-Clause */
/* Fibers: they wait together, each for its own, and nobody is forgotten. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock_system.h"
#include "os/fibers.h"

#define MANY  100
#define DELAY (20 * NS_PER_MS)

struct party {
	int in[2];
	int outcome;
	int order; /* in which they ended, from 1 */
	int *ended;
	dur_ns patience;
};

static void open_pipe(struct party *p)
{
	assert_int_equal(pipe(p->in), 0);
}

static void close_pipe(struct party *p)
{
	close(p->in[0]);
	close(p->in[1]);
}

static void wait_once(void *arg, struct clock *clock)
{
	struct party *p = arg;

	p->outcome = clock_wait(clock, p->in[0], POLLIN, mono_add(clock_mono(clock), p->patience));
	p->order = ++*p->ended;
}

static void run_all(fiber_fn *run, struct party *parties, size_t n)
{
	struct fibers *f;

	assert_int_equal(fibers_open(&f, n, clock_system()), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(fibers_add(f, run, &parties[i]), 0);
	}
	fibers_run(f);
	fibers_close(f);
}

static void the_dead_cost_one_timeout_in_all(void **state)
{
	struct party parties[MANY];
	struct mono start, end;
	int ended = 0;

	(void)state;
	for (size_t i = 0; i < MANY; i++) {
		parties[i] = (struct party){ .ended = &ended, .patience = DELAY };
		open_pipe(&parties[i]);
	}
	start = clock_mono(clock_system());
	run_all(wait_once, parties, MANY);
	end = clock_mono(clock_system());
	for (size_t i = 0; i < MANY; i++) {
		assert_int_equal(parties[i].outcome, -ETIMEDOUT);
		close_pipe(&parties[i]);
	}
	assert_true(mono_since(end, start) >= DELAY);
	/* One after the other they would take MANY times as long. */
	assert_true(mono_since(end, start) < MANY * DELAY / 2);
}

static void who_is_ready_goes_on_first(void **state)
{
	struct party parties[3];
	int ended = 0;

	(void)state;
	for (int i = 0; i < 3; i++) {
		parties[i] = (struct party){ .ended = &ended, .patience = (3 - i) * DELAY };
		open_pipe(&parties[i]);
	}
	assert_int_equal(write(parties[0].in[1], "", 1), 1);
	run_all(wait_once, parties, 3);
	assert_int_equal(parties[0].outcome, 0);
	assert_int_equal(parties[0].order, 1);
	assert_int_equal(parties[1].outcome, -ETIMEDOUT);
	assert_int_equal(parties[2].outcome, -ETIMEDOUT);
	for (int i = 0; i < 3; i++) {
		close_pipe(&parties[i]);
	}
}

struct ball {
	struct party *mine, *others;
	int bounces;
};

/* Throw an octet back and forth: each waits for the other, again and again. */
static void bounce(void *arg, struct clock *clock)
{
	struct ball *b = arg;
	char octet;

	for (int i = 0; i < MANY; i++) {
		if (write(b->others->in[1], "", 1) != 1 ||
		    clock_wait(clock, b->mine->in[0], POLLIN,
			       mono_add(clock_mono(clock), NS_PER_SEC)) != 0 ||
		    read(b->mine->in[0], &octet, 1) != 1) {
			return;
		}
		b->bounces++;
	}
}

static void two_wait_for_each_other(void **state)
{
	struct party a, b;
	struct ball balls[2] = { { &a, &b, 0 }, { &b, &a, 0 } };
	struct fibers *f;

	(void)state;
	open_pipe(&a);
	open_pipe(&b);
	assert_int_equal(fibers_open(&f, 2, clock_system()), 0);
	assert_int_equal(fibers_add(f, bounce, &balls[0]), 0);
	assert_int_equal(fibers_add(f, bounce, &balls[1]), 0);
	assert_int_equal(fibers_add(f, bounce, &balls[1]), -ENOSPC);
	fibers_run(f);
	fibers_close(f);
	assert_int_equal(balls[0].bounces, MANY);
	assert_int_equal(balls[1].bounces, MANY);
	close_pipe(&a);
	close_pipe(&b);
}

static void never_waits(void *arg, struct clock *clock)
{
	(void)clock;
	((struct party *)arg)->outcome = 7;
}

static void one_that_never_waits_just_ends(void **state)
{
	struct party p = { .outcome = 0 };

	(void)state;
	run_all(never_waits, &p, 1);
	assert_int_equal(p.outcome, 7);
	run_all(never_waits, &p, 0);
}

/* The stack that each has is its own, and deep enough for what clients do. */
static void uses_stack(void *arg, struct clock *clock)
{
	volatile uint8_t bytes[64 * 1024];
	struct party *p = arg;

	memset((void *)(uintptr_t)bytes, p->outcome, sizeof(bytes));
	(void)clock_wait(clock, p->in[0], POLLIN, mono_add(clock_mono(clock), NS_PER_MS));
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (bytes[i] != (uint8_t)p->outcome) {
			p->outcome = -1;
			return;
		}
	}
}

static void stacks_are_apart(void **state)
{
	struct party parties[8];

	(void)state;
	for (int i = 0; i < 8; i++) {
		parties[i] = (struct party){ .outcome = i + 1 };
		open_pipe(&parties[i]);
	}
	run_all(uses_stack, parties, 8);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(parties[i].outcome, i + 1);
		close_pipe(&parties[i]);
	}
}

static void all_else_is_the_inner_clock(void *arg, struct clock *clock)
{
	struct clock *inner = clock_system();
	const ts_ns before = clock_now(inner), now = clock_now(clock), after = clock_now(inner);
	struct clock_quality a, b;

	assert_in_range(now, before, after);
	assert_int_equal(clock_from_kernel(clock, before), before);
	assert_int_equal(clock_quality(clock, &a), clock_quality(inner, &b));
	assert_int_equal(a.synchronised, b.synchronised);
	((struct party *)arg)->outcome = 1;
}

static void a_fibers_clock_is_the_one_given(void **state)
{
	struct party p = { .outcome = 0 };

	(void)state;
	run_all(all_else_is_the_inner_clock, &p, 1);
	assert_int_equal(p.outcome, 1);
}

/* Something comes again and again, as from a peer that talks without end. */
static void wait_for_more(void *arg, struct clock *clock)
{
	struct party *p = arg;
	const struct mono deadline = mono_add(clock_mono(clock), p->patience);

	do {
		p->outcome = clock_wait(clock, p->in[0], POLLIN, deadline);
	} while (p->outcome == 0 && mono_since(clock_mono(clock), deadline) < 50 * DELAY);
}

static void who_always_has_input_is_told_the_time(void **state)
{
	struct party p = { .patience = DELAY };

	(void)state;
	open_pipe(&p);
	assert_int_equal(write(p.in[1], "x", 1), 1);
	run_all(wait_for_more, &p, 1);
	assert_int_equal(p.outcome, -ETIMEDOUT);
	close_pipe(&p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_dead_cost_one_timeout_in_all),
		cmocka_unit_test(who_is_ready_goes_on_first),
		cmocka_unit_test(two_wait_for_each_other),
		cmocka_unit_test(one_that_never_waits_just_ends),
		cmocka_unit_test(stacks_are_apart),
		cmocka_unit_test(a_fibers_clock_is_the_one_given),
		cmocka_unit_test(who_always_has_input_is_told_the_time),
	};

	return cmocka_run_group_tests_name("fibers", tests, NULL, NULL);
}
