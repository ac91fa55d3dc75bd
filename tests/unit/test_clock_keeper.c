/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clock files among several processes: corrections of a clock that has changed since it was
 * measured, who keeps it, and files that are cut off while they are in use.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock_file.h"
#include "os/clock_system.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

#define WRONG (-2500 * NS_PER_MS)

static struct clock *one, *other;
static struct scratch scratch;

static struct clock *open_clock(bool writable)
{
	struct clock *c;
	const char *why;

	assert_int_equal(clock_file_open(&c, scratch.path, writable, &why), 0);
	return c;
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(scratch_make(&scratch), 0);
	assert_int_equal(clock_file_create(scratch.path, WRONG, 0), 0);
	one = open_clock(true);
	other = open_clock(true);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	clock_close(one);
	clock_close(other);
	scratch_remove(&scratch);
	return 0;
}

static dur_ns offset_of(struct clock *c)
{
	struct clock_file_state s;

	clock_file_state(c, &s);
	return s.offset;
}

static void of_two_corrections_one_is_made(void **state)
{
	struct clock_mark mine, theirs;

	(void)state;
	assert_int_equal(clock_mark(one, &mine), 0);
	assert_int_equal(clock_mark(other, &theirs), 0);
	assert_int_equal(clock_step_since(one, &mine, -WRONG), 0);
	assert_int_equal(clock_step_since(other, &theirs, -WRONG), -ESTALE);
	assert_int_equal(clock_slew_since(other, &theirs, -WRONG), -ESTALE);
	assert_int_equal(clock_set_frequency_since(other, &theirs, 100), -ESTALE);
	assert_int_equal(offset_of(one), 0);
}

static void several_adjustments_follow_from_one_measurement(void **state)
{
	struct clock_mark mark;

	(void)state;
	assert_int_equal(clock_mark(one, &mark), 0);
	assert_int_equal(clock_step_since(one, &mark, -WRONG), 0);
	assert_int_equal(clock_set_frequency_since(one, &mark, 0), 0);
	assert_int_equal(clock_slew_since(one, &mark, 0), 0);
	assert_int_equal(clock_step(other, 1), 0);
	assert_int_equal(clock_slew_since(one, &mark, 0), -ESTALE);
}

static void an_error_leaves_the_mark_as_it_is(void **state)
{
	struct clock_mark mark;

	(void)state;
	assert_int_equal(clock_mark(one, &mark), 0);
	assert_int_equal(clock_step_since(one, &mark, INT64_MAX), -ERANGE);
	assert_int_equal(clock_step_since(one, &mark, -WRONG), 0);
}

/* A process that keeps the clock until it is killed. */
static pid_t start_keeper(enum clock_keeper_kind kind)
{
	struct clock_keeper by;
	int ready[2];
	char c;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		c = clock_keep(open_clock(true), kind, &by) == 0 ? 'k' : 'x';
		(void)!write(ready[1], &c, 1);
		pause();
	}
	assert_int_equal(read(ready[0], &c, 1), 1);
	assert_int_equal(c, 'k');
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void a_kept_clock_names_its_keeper(void **state)
{
	static const struct {
		enum clock_keeper_kind kind;
		const char *name;
	} kinds[] = {
		{ CLOCK_KEEPER_TRACK, "timesync track" },
		{ CLOCK_KEEPER_GROUP, "timesyncd's group agent" },
	};
	struct clock_keeper by = { .pid = 0 };

	(void)state;
	assert_false(clock_is_kept(one, &by));
	for (size_t i = 0; i < 2; i++) {
		const pid_t pid = start_keeper(kinds[i].kind);

		assert_true(clock_is_kept(one, &by));
		assert_int_equal(by.kind, kinds[i].kind);
		assert_int_equal(by.pid, pid);
		assert_string_equal(clock_keeper_name(by.kind), kinds[i].name);
		by.pid = 0;
		assert_int_equal(clock_keep(one, CLOCK_KEEPER_TRACK, &by), -EBUSY);
		assert_int_equal(by.pid, pid);
		end(pid);
		assert_false(clock_is_kept(one, &by));
	}
	assert_int_equal(clock_keep(one, CLOCK_KEEPER_TRACK, &by), 0);
	assert_false(clock_is_kept(one, &by)); /* by another */
}

static void beside_a_keeper_only_the_hand_adjusts(void **state)
{
	const pid_t pid = start_keeper(CLOCK_KEEPER_TRACK);
	struct clock_mark mark;

	(void)state;
	assert_int_equal(clock_mark(one, &mark), 0);
	assert_int_equal(clock_step_since(one, &mark, -WRONG), -EBUSY);
	assert_int_equal(offset_of(one), WRONG);
	assert_int_equal(clock_step(one, -WRONG), 0);
	assert_int_equal(offset_of(one), 0);
	end(pid);
}

/* The keeper writes again and again, and keeps the clock all the same. */
static void writing_does_not_end_keeping(void **state)
{
	struct clock_keeper by;
	struct clock_mark mark;
	pid_t pid;
	int status;

	(void)state;
	assert_int_equal(clock_keep(one, CLOCK_KEEPER_GROUP, &by), 0);
	assert_int_equal(clock_mark(one, &mark), 0);
	for (int i = 0; i < 3; i++) {
		assert_int_equal(clock_step_since(one, &mark, 1), 0);
	}
	pid = fork();
	if (pid == 0) {
		_exit(clock_is_kept(other, &by) && by.pid == (long)getppid() ? 0 : 1);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

/* Opened in the test itself: around it cmocka has a handler of its own. */
static void begin_anew(void)
{
	assert_int_equal(teardown(NULL), 0);
	assert_int_equal(setup(NULL), 0);
}

/* A file that is cut off anywhere: nobody dies, and everybody can know. */
static void a_file_cut_off_is_survived(void **state)
{
	static const off_t sizes[] = { 0, 1, 31, 40, 95 };

	(void)state;
	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct clock_mark mark;
		struct clock *reader;
		ts_ns before, shown;

		begin_anew();
		reader = open_clock(false);
		assert_int_equal(clock_check(reader), 0);
		assert_int_equal(truncate(scratch.path, sizes[i]), 0);

		before = clock_now(clock_system());
		shown = clock_now(reader);
		assert_between(before, shown, clock_now(clock_system()));
		assert_int_equal(clock_check(reader), -EBADMSG);
		assert_int_equal(clock_check(one), -EBADMSG);
		assert_int_equal(clock_from_kernel(reader, before), before);
		assert_int_equal(clock_mark(one, &mark), -EBADMSG);
		assert_int_equal(clock_step(one, NS_PER_SEC), -EBADMSG);
		assert_int_equal(clock_step(other, NS_PER_SEC), -EBADMSG);
		clock_close(reader);
	}
}

/* Nobody would see changes to it, and the user may mean the file that has its name now. */
static void a_file_that_was_removed_is_not_adjusted(void **state)
{
	struct clock *reader = open_clock(false);
	struct clock_mark mark;

	(void)state;
	assert_int_equal(unlink(scratch.path), 0);
	assert_int_equal(clock_check(one), -ENOENT);
	assert_int_equal(clock_mark(one, &mark), -ENOENT);
	assert_int_equal(clock_step(one, NS_PER_SEC), -ENOENT);
	assert_int_equal(offset_of(other), WRONG);
	assert_int_equal(clock_check(reader), 0);
	clock_close(reader);
	begin_anew();
}

/* The lost part of the file may be one that nobody needs just now. */
static void a_file_that_is_too_short_is_not_adjusted(void **state)
{
	(void)state;
	assert_int_equal(truncate(scratch.path, 120), 0);
	assert_int_equal(offset_of(one), WRONG);
	assert_int_equal(clock_step(one, NS_PER_SEC), -EBADMSG);
	assert_int_equal(offset_of(other), WRONG);
}

/* Any other SIGBUS is as deadly as ever. */
static void other_faults_are_not_hidden(void **state)
{
	struct sigaction ours;
	pid_t pid;
	int status;

	(void)state;
	begin_anew();
	pid = fork();
	if (pid == 0) {
		(void)raise(SIGBUS);
		(void)raise(SIGBUS);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(sigaction(SIGBUS, NULL, &ours), 0);
	assert_true(ours.sa_flags & SA_SIGINFO);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(of_two_corrections_one_is_made),
		TEST(several_adjustments_follow_from_one_measurement),
		TEST(an_error_leaves_the_mark_as_it_is),
		TEST(a_kept_clock_names_its_keeper),
		TEST(beside_a_keeper_only_the_hand_adjusts),
		TEST(writing_does_not_end_keeping),
		TEST(a_file_cut_off_is_survived),
		TEST(a_file_that_was_removed_is_not_adjusted),
		TEST(a_file_that_is_too_short_is_not_adjusted),
		TEST(other_faults_are_not_hidden),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
