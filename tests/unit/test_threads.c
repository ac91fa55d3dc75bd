/* SPDX-License-Identifier: BSD-3-Clause */
/* Work side by side: all of it is done, at the same time, and also when threads cannot be had. */
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "os/clock_system.h"
#include "os/threads.h"

#define MANY  (2 * THREADS_MAX + 1)
#define DELAY (20 * NS_PER_MS)

/* Threads that can be had from now on. */
static int available;

typedef int create_fn(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

/* In the place of the library's, which it calls as long as there are threads. */
int pthread_create(pthread_t *out, const pthread_attr_t *attributes, void *(*run)(void *),
		   void *arg)
{
	create_fn *create = (create_fn *)(uintptr_t)dlsym(RTLD_NEXT, "pthread_create");

	return available-- > 0 ? create(out, attributes, run, arg) : EAGAIN;
}

/* Pass a time, and count how many pass it together. */
struct item {
	atomic_int *together, *most;
	int done;
};

static void pass_time(void *item)
{
	struct item *i = item;
	const int now = atomic_fetch_add(i->together, 1) + 1;
	int most = atomic_load(i->most);

	while (now > most && !atomic_compare_exchange_weak(i->most, &most, now)) {
	}
	poll(NULL, 0, DELAY / NS_PER_MS);
	atomic_fetch_sub(i->together, 1);
	i->done++;
}

/* Run `n`, with so many threads to be had. As threads_run; how many were at work together at most.
 */
static int run(size_t n, int threads, int *most)
{
	static struct item items[MANY];
	atomic_int together = 0, highest = 0;
	int rc;

	available = threads;
	for (size_t i = 0; i < n; i++) {
		items[i] = (struct item){ &together, &highest, 0 };
	}
	rc = threads_run(items, n, sizeof(items[0]), pass_time);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(items[i].done, 1);
	}
	*most = atomic_load(&highest);
	return rc;
}

static void all_work_at_the_same_time(void **state)
{
	struct clock *clock = clock_system();
	const struct mono began = clock_mono(clock);
	int most;

	(void)state;
	assert_int_equal(run(THREADS_MAX, MANY, &most), 0);
	assert_true(mono_since(clock_mono(clock), began) < THREADS_MAX * DELAY / 2);
	assert_true(most > 1);
	assert_true(most <= THREADS_MAX);
}

static void more_than_can_be_have_to_wait(void **state)
{
	int most;

	(void)state;
	assert_int_equal(run(MANY, MANY, &most), 0);
	assert_true(most <= THREADS_MAX);
}

static void one_or_none_takes_no_thread(void **state)
{
	int most;

	(void)state;
	assert_int_equal(run(1, 0, &most), 0);
	assert_int_equal(run(0, 0, &most), 0);
	assert_int_equal(most, 0);
}

static void with_too_few_threads_all_is_done_and_said(void **state)
{
	int most;

	(void)state;
	assert_int_equal(run(5, 0, &most), -EAGAIN);
	assert_int_equal(most, 1);
	assert_int_equal(run(5, 2, &most), -EAGAIN);
	assert_true(most <= 3);
	assert_int_equal(run(5, 4, &most), 0);
}

/* Deep enough for what clients do, and each has its own. */
static void use_stack(void *item)
{
	volatile uint8_t bytes[64 * 1024];
	int *value = item;

	for (size_t i = 0; i < sizeof(bytes); i++) {
		bytes[i] = (uint8_t)*value;
	}
	poll(NULL, 0, 1);
	for (size_t i = 0; i < sizeof(bytes); i++) {
		if (bytes[i] != (uint8_t)*value) {
			*value = -1;
		}
	}
}

static void stacks_are_apart(void **state)
{
	int values[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

	(void)state;
	available = 8;
	assert_int_equal(threads_run(values, 8, sizeof(values[0]), use_stack), 0);
	for (int i = 0; i < 8; i++) {
		assert_int_equal(values[i], i + 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_work_at_the_same_time),
		cmocka_unit_test(more_than_can_be_have_to_wait),
		cmocka_unit_test(one_or_none_takes_no_thread),
		cmocka_unit_test(with_too_few_threads_all_is_done_and_said),
		cmocka_unit_test(stacks_are_apart),
	};

	return cmocka_run_group_tests_name("threads", tests, NULL, NULL);
}
