/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A slew by frequency, noted with the clock, so that whoever keeps the clock next can end it when
 * its process was killed. The kernel and the lock file of the system clock are the test's own.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock_file.h"
#include "os/clock_keeping.h"
#include "os/clock_system.h"
#include "os/clock_system_lock.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

static struct {
	struct timex is;
	int error; /* what a change fails with */
} kernel;
static struct scratch scratch;

int clock_adjtime(clockid_t id, struct timex *request)
{
	(void)id;
	if (request->modes & (ADJ_FREQUENCY | ADJ_TICK)) {
		if (kernel.error != 0) {
			errno = kernel.error;
			return -1;
		}
		kernel.is.freq = request->freq;
		kernel.is.tick = request->tick;
	}
	*request = kernel.is;
	return TIME_OK;
}

int open(const char *path, int flags, ...)
{
	va_list args;
	mode_t mode;

	va_start(args, flags);
	mode = (flags & O_CREAT) ? va_arg(args, mode_t) : 0;
	va_end(args);
	return (int)syscall(SYS_openat, AT_FDCWD,
			    strcmp(path, CLOCK_SYSTEM_LOCK) == 0 ? scratch.path : path, flags,
			    mode);
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.is.tick = 10000;
	return scratch_make(&scratch);
}

static int teardown(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

static int64_t frequency_of(struct clock *c)
{
	int64_t ppb;

	assert_int_equal(clock_frequency(c, &ppb), 0);
	return ppb;
}

static int slew_by(struct clock *c, struct clock_mark *mark, int64_t ppb, int64_t slew_ppb)
{
	const struct clock_slew slew = { slew_ppb, NS_PER_SEC };

	return clock_slew_by_frequency_since(c, mark, ppb, &slew);
}

/* What any clock does. */
static void check_note(struct clock *c)
{
	struct clock_mark mark;

	assert_int_equal(clock_frequency_slew(c), 0);
	assert_int_equal(clock_mark(c, &mark), 0);
	assert_int_equal(slew_by(c, &mark, -20000, 83333000), 0);
	assert_int_equal(frequency_of(c), 83313000);
	assert_int_equal(clock_frequency_slew(c), 83333000);
	assert_int_equal(slew_by(c, &mark, -20000, -500000), 0);
	assert_int_equal(frequency_of(c), -520000);
	assert_int_equal(clock_frequency_slew(c), -500000);
	assert_int_equal(clock_set_frequency_since(c, &mark, -20000), 0);
	assert_int_equal(frequency_of(c), -20000);
	assert_int_equal(clock_frequency_slew(c), 0);
	assert_int_equal(slew_by(c, &mark, 1, DRIFT_CORRECTABLE_PPB), -ERANGE);
	assert_int_equal(slew_by(c, &mark, INT64_MAX, INT64_MAX), -ERANGE);
	assert_int_equal(slew_by(c, &mark, INT64_MIN, INT64_MIN), -ERANGE);
	assert_int_equal(frequency_of(c), -20000);
	assert_int_equal(slew_by(c, &mark, 0, 500000), 0);
}

static void a_clock_file_keeps_it(void **state)
{
	struct clock *c;
	const char *why;

	(void)state;
	assert_int_equal(clock_file_create(scratch.path, 0, 0), 0);
	assert_int_equal(clock_file_open(&c, scratch.path, true, &why), 0);
	check_note(c);
	clock_close(c);
	assert_int_equal(clock_file_open(&c, scratch.path, true, &why), 0);
	assert_int_equal(clock_frequency_slew(c), 500000);
	assert_int_equal(clock_step(c, NS_PER_SEC), 0); /* which is another matter */
	assert_int_equal(clock_frequency_slew(c), 500000);
	assert_int_equal(clock_set_frequency(c, 500000), 0); /* by hand */
	assert_int_equal(clock_frequency_slew(c), 0);
	clock_close(c);
}

static void the_system_clock_has_it_in_its_lock_file(void **state)
{
	struct clock *c = clock_system();
	struct clock_keeper other;

	(void)state;
	assert_int_equal(clock_keep(c, CLOCK_KEEPER_TRACK, &other), 0);
	check_note(c);
	kernel.is.freq += 65536; /* by another program, which knows of no note */
	assert_int_equal(clock_frequency_slew(c), 0);
}

static void what_was_noted_outlives_the_keeper(void **state)
{
	static const char dead[] = "0 1 500000 500000\n";
	struct clock *c = clock_system();
	struct clock_keeper other;

	(void)state;
	scratch_write(scratch.path, dead, sizeof(dead) - 1);
	assert_int_equal(chmod(scratch.path, 0600), 0);
	kernel.is.freq = 500 * 65536;
	assert_int_equal(clock_frequency_slew(c), 500000);
	assert_int_equal(clock_keep(c, CLOCK_KEEPER_TRACK, &other), 0);
	assert_int_equal(clock_frequency_slew(c), 500000);
	assert_int_equal(clock_set_frequency(c, 0), 0);
	kernel.is.freq = 500 * 65536;
	assert_int_equal(clock_frequency_slew(c), 0);
}

/* A process that was killed closes one descriptor after the other; the lock is not the first. */
static void it_is_ended_when_its_keeper_has_ended(void **state)
{
	struct clock *c = clock_system();
	int ends[2];
	pid_t pid;
	char word;

	(void)state;
	assert_int_equal(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		struct clock_keeper other;
		struct clock_mark mark;

		if (clock_keep(c, CLOCK_KEEPER_TRACK, &other) != 0 || clock_mark(c, &mark) != 0 ||
		    slew_by(c, &mark, 0, 500000) != 0) {
			_exit(EXIT_FAILURE);
		}
		close(ends[0]);
		close(ends[1]);
		usleep(50000);
		_exit(EXIT_SUCCESS);
	}
	assert_true(pid > 0);
	close(ends[1]);
	assert_int_equal(read(ends[0], &word, 1), 0);
	kernel.is.freq = 500 * 65536;
	assert_int_equal(clock_frequency_slew(c), 500000);
	assert_int_equal(clock_keeping_end_slew(c), 0);
	assert_int_equal(frequency_of(c), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ends[0]);
}

static void what_failed_is_no_slew(void **state)
{
	struct clock *c = clock_system();
	struct clock_keeper other;
	struct clock_mark mark;

	(void)state;
	assert_int_equal(clock_keep(c, CLOCK_KEEPER_TRACK, &other), 0);
	assert_int_equal(clock_mark(c, &mark), 0);
	kernel.error = EPERM;
	assert_int_equal(slew_by(c, &mark, 0, 500000), -EPERM);
	assert_int_equal(clock_frequency_slew(c), 0);
}

static void who_does_not_keep_it_notes_nothing(void **state)
{
	struct clock_mark mark;

	(void)state;
	assert_int_equal(clock_mark(clock_system(), &mark), 0);
	assert_int_equal(slew_by(clock_system(), &mark, 0, 500000), 0);
	assert_int_equal(clock_frequency_slew(clock_system()), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_clock_file_keeps_it),
		TEST(the_system_clock_has_it_in_its_lock_file),
		TEST(what_was_noted_outlives_the_keeper),
		TEST(it_is_ended_when_its_keeper_has_ended),
		TEST(what_failed_is_no_slew),
		TEST(who_does_not_keep_it_notes_nothing),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
