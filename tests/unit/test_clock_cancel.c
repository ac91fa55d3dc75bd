/* SPDX-License-Identifier: BSD-3-Clause */
/* A clock whose waits can be called off: at once, all of them, and those to come. */
#include <errno.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock_cancel.h"
#include "os/clock_system.h"
#include "os/fibers.h"

#define LONG  (20 * NS_PER_SEC)
#define SHORT (20 * NS_PER_MS)
#define MANY  10

/* The descriptor to wait for, the one that cancels the wait, and the clock. */
struct world {
	int in[2], off[2];
	struct clock_cancel cancel;
	struct clock *clock;
};

static int set_up(void **state)
{
	static struct world w;

	*state = &w;
	if (pipe(w.in) < 0 || pipe(w.off) < 0) {
		return -1;
	}
	w.clock = clock_cancel_init(&w.cancel, clock_system(), w.off[0]);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 2; i++) {
		close(w->in[i]);
		close(w->off[i]);
	}
	return 0;
}

static int wait_on(struct world *w, struct clock *clock, dur_ns patience)
{
	return clock_wait(clock, w->in[0], POLLIN, mono_add(clock_mono(clock), patience));
}

static void until_it_is_called_off_it_waits_as_any(void **state)
{
	struct world *w = *state;

	assert_int_equal(wait_on(w, w->clock, SHORT), -ETIMEDOUT);
	assert_int_equal(write(w->in[1], "", 1), 1);
	assert_int_equal(wait_on(w, w->clock, LONG), 0);
}

static void called_off_no_wait_goes_on(void **state)
{
	struct world *w = *state;
	const struct mono begin = clock_mono(w->clock);

	assert_int_equal(write(w->off[1], "", 1), 1);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(wait_on(w, w->clock, LONG), -ECANCELED);
	}
	/* Not even one that had something to read: a flood would keep it. */
	assert_int_equal(write(w->in[1], "", 1), 1);
	assert_int_equal(wait_on(w, w->clock, LONG), -ECANCELED);
	assert_true(mono_since(clock_mono(w->clock), begin) < LONG / 2);
}

struct waiter {
	struct world *world;
	int first, second;
};

static void wait_twice(void *arg, struct clock *clock)
{
	struct waiter *waiter = arg;

	waiter->first = wait_on(waiter->world, clock, LONG);
	waiter->second = wait_on(waiter->world, clock, LONG);
}

static void call_off(void *arg, struct clock *clock)
{
	struct waiter *waiter = arg;

	waiter->first = clock_wait(clock, -1, 0, mono_add(clock_mono(clock), SHORT));
	waiter->second = (int)write(waiter->world->off[1], "", 1);
}

static void all_fibers_are_called_off(void **state)
{
	struct world *w = *state;
	struct waiter waiters[MANY];
	const struct mono begin = clock_mono(w->clock);
	struct fibers *f;

	assert_int_equal(fibers_open(&f, MANY, w->clock), 0);
	for (int i = 0; i < MANY; i++) {
		waiters[i] = (struct waiter){ .world = w };
		assert_int_equal(fibers_add(f, i == 0 ? call_off : wait_twice, &waiters[i]), 0);
	}
	fibers_run(f);
	fibers_close(f);
	assert_int_equal(waiters[0].first, -ETIMEDOUT);
	assert_int_equal(waiters[0].second, 1);
	for (int i = 1; i < MANY; i++) {
		assert_int_equal(waiters[i].first, -ECANCELED);
		assert_int_equal(waiters[i].second, -ECANCELED);
	}
	assert_true(mono_since(clock_mono(w->clock), begin) < LONG / 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(until_it_is_called_off_it_waits_as_any, set_up,
						tear_down),
		cmocka_unit_test_setup_teardown(called_off_no_wait_goes_on, set_up, tear_down),
		cmocka_unit_test_setup_teardown(all_fibers_are_called_off, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("clock_cancel", tests, NULL, NULL);
}
