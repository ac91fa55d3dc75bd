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

#include "os/clock_system.h"
#include "os/threads.h"

#define LONG  (20 * NS_PER_SEC)
#define SHORT (20 * NS_PER_MS)
#define MANY  10

/* The descriptor to wait for, the one that cancels the wait, and the clock. */
struct world {
	int in[2], off[2];
	struct clock *clock;
};

static int set_up(void **state)
{
	static struct world w;

	*state = &w;
	if (pipe(w.in) < 0 || pipe(w.off) < 0) {
		return -1;
	}
	w.clock = clock_system();
	clock_cancel_by(w.clock, w.off[0]);
	return 0;
}

static int tear_down(void **state)
{
	struct world *w = *state;

	clock_cancel_by(w->clock, 0);
	for (int i = 0; i < 2; i++) {
		close(w->in[i]);
		close(w->off[i]);
	}
	return 0;
}

static int wait_on(const struct world *w, dur_ns patience)
{
	return clock_wait(w->clock, w->in[0], POLLIN, mono_add(clock_mono(w->clock), patience));
}

static void until_it_is_called_off_it_waits_as_any(void **state)
{
	struct world *w = *state;

	assert_int_equal(wait_on(w, SHORT), -ETIMEDOUT);
	assert_int_equal(write(w->in[1], "", 1), 1);
	assert_int_equal(wait_on(w, LONG), 0);
}

static void called_off_no_wait_goes_on(void **state)
{
	struct world *w = *state;
	const struct mono begin = clock_mono(w->clock);

	assert_int_equal(write(w->off[1], "", 1), 1);
	for (int i = 0; i < MANY; i++) {
		assert_int_equal(wait_on(w, LONG), -ECANCELED);
	}
	/* Not even one that had something to read: a flood would keep it. */
	assert_int_equal(write(w->in[1], "", 1), 1);
	assert_int_equal(wait_on(w, LONG), -ECANCELED);
	assert_true(mono_since(clock_mono(w->clock), begin) < LONG / 2);
}

struct waiter {
	const struct world *world;
	bool calls_off;
	int first, second;
};

static void wait_twice(void *item)
{
	struct waiter *waiter = item;

	if (waiter->calls_off) {
		struct clock *clock = waiter->world->clock;

		waiter->first = clock_wait(clock, -1, 0, mono_add(clock_mono(clock), SHORT));
		waiter->second = (int)write(waiter->world->off[1], "", 1);
	} else {
		waiter->first = wait_on(waiter->world, LONG);
		waiter->second = wait_on(waiter->world, LONG);
	}
}

static void all_threads_are_called_off(void **state)
{
	struct world *w = *state;
	struct waiter waiters[MANY];
	const struct mono begin = clock_mono(w->clock);

	for (int i = 0; i < MANY; i++) {
		waiters[i] = (struct waiter){ .world = w, .calls_off = i == 0 };
	}
	assert_int_equal(threads_run(waiters, MANY, sizeof(waiters[0]), wait_twice), 0);
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
		cmocka_unit_test_setup_teardown(all_threads_are_called_off, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("clock_cancel", tests, NULL, NULL);
}
