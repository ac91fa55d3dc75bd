/* SPDX-License-Identifier: BSD-3-Clause */
/* Calls with a time limit: what they write is seen, and none outlives the limit. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/bounded.h"
#include "os/clock_system.h"

#define MANY 40

struct record {
	int number;
	int square;
	pid_t pid;
};

static void square(void *record, void *context)
{
	struct record *r = record;

	r->square = r->number * r->number + *(const int *)context;
	r->pid = getpid();
}

static void hang(void *record, void *context)
{
	square(record, context);
	for (;;) {
		pause();
	}
}

static void hang_if_odd(void *record, void *context)
{
	(((const struct record *)record)->number % 2 ? hang : square)(record, context);
}

static void crash(void *record, void *context)
{
	square(record, context);
	abort();
}

/* Run on the numbers from 0 on, and check that all was written, and nobody is left. How long. */
static dur_ns run(bounded_fn *fn, size_t n, dur_ns limit)
{
	struct clock *clock = clock_system();
	const struct mono began = clock_mono(clock);
	struct record records[MANY];
	int seven = 7;

	memset(records, 0, sizeof(records));
	for (size_t i = 0; i < n; i++) {
		records[i].number = (int)i;
	}
	assert_int_equal(bounded_run(records, n, sizeof(records[0]), fn, &seven, clock, limit), 0);
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(records[i].square, (int)(i * i) + 7);
		assert_int_not_equal(records[i].pid, getpid());
	}
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	return mono_since(clock_mono(clock), began);
}

static void what_is_written_is_seen(void **state)
{
	(void)state;
	assert_true(run(square, MANY, 60 * NS_PER_SEC) < 30 * NS_PER_SEC);
	run(square, 1, 60 * NS_PER_SEC);
	run(square, 0, 60 * NS_PER_SEC);
}

static void those_that_hang_are_ended_together(void **state)
{
	const dur_ns limit = NS_PER_SEC;
	dur_ns took;

	(void)state;
	took = run(hang, MANY, limit);
	assert_true(took >= limit);
	assert_true(took < MANY * limit / 4);
	took = run(hang_if_odd, MANY, limit);
	assert_true(took >= limit);
	assert_true(took < MANY * limit / 4);
}

static void one_that_crashes_ends_itself_alone(void **state)
{
	(void)state;
	run(crash, 3, 60 * NS_PER_SEC);
}

static void a_descriptor_ends_them(void **state)
{
	struct clock *clock = clock_system();
	const struct mono began = clock_mono(clock);
	struct record r = { .number = 3 };
	const dur_ns limit = 60 * NS_PER_SEC;
	int seven = 7, ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	clock_cancel_by(clock, ends[0]);
	assert_int_equal(bounded_run(&r, 1, sizeof(r), square, &seven, clock, limit), 0);
	assert_int_equal(r.square, 16);
	assert_int_equal(write(ends[1], "", 1), 1);
	assert_int_equal(bounded_run(&r, 1, sizeof(r), hang, &seven, clock, limit), -ECANCELED);
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_true(mono_since(clock_mono(clock), began) < 30 * NS_PER_SEC);
	clock_cancel_by(clock, 0);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_seen),
		cmocka_unit_test(those_that_hang_are_ended_together),
		cmocka_unit_test(a_descriptor_ends_them),
		cmocka_unit_test(one_that_crashes_ends_itself_alone),
	};

	return cmocka_run_group_tests_name("bounded", tests, NULL, NULL);
}
