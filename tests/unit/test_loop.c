/* SPDX-License-Identifier: BSD-3-Clause */
/* The event loop: descriptors and signals, and handlers that watch and unwatch. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/loop.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"

#define LONGEST 30 /* seconds that a test may take before it is killed */
#define PIPES   4

struct fixture {
	struct loop *l;
	int read_end[PIPES], write_end[PIPES];
	char calls[64]; /* one letter for each call of a handler, in order */
	int calls_left; /* until the loop is stopped */
};

static int setup(void **state)
{
	static struct fixture f;

	memset(&f, 0, sizeof(f));
	*state = &f;
	alarm(LONGEST);
	for (int i = 0; i < PIPES; i++) {
		int ends[2];

		if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) {
			return -1;
		}
		f.read_end[i] = ends[0];
		f.write_end[i] = ends[1];
	}
	return loop_open(&f.l);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	for (int i = 0; i < PIPES; i++) {
		close(f->read_end[i]);
		close(f->write_end[i]);
	}
	loop_close(f->l);
	return 0;
}

static void send_to(const struct fixture *f, int pipe)
{
	assert_int_equal(write(f->write_end[pipe], "x", 1), 1);
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

/* Notes the letter of the pipe and empties it. */
static void ready(void *arg, int fd)
{
	struct fixture *f = arg;
	char rest[16];

	for (int i = 0; i < PIPES; i++) {
		if (f->read_end[i] == fd) {
			note(f, (char)('0' + i));
		}
	}
	assert_true(read(fd, rest, sizeof(rest)) >= 0);
}

static void watch(struct fixture *f, int pipe, loop_ready_fn *handler)
{
	assert_int_equal(loop_watch(f->l, f->read_end[pipe], handler, f), 0);
}

/* Run until handlers have been called so many times. */
static void run(struct fixture *f, int calls)
{
	f->calls_left = calls;
	assert_int_equal(loop_run(f->l), 7);
}

/* --- descriptors ------------------------------------------------------------------------------ */

static void input_is_an_event(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < 3; i++) {
		watch(f, i, ready);
	}
	send_to(f, 1);
	run(f, 1);
	assert_string_equal(f->calls, "1");
	send_to(f, 2);
	send_to(f, 0);
	run(f, 2);
	assert_string_equal(f->calls, "102");
}

static void input_that_is_left_is_an_event_again(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, ready);
	for (int i = 0; i < 20; i++) {
		send_to(f, 0); /* the handler reads 16 of them */
	}
	run(f, 2);
	assert_string_equal(f->calls, "00");
}

static void the_other_end_closing_is_an_event(void **state)
{
	struct fixture *f = *state;

	watch(f, 3, ready);
	close(f->write_end[3]);
	f->write_end[3] = -1;
	run(f, 1);
	assert_string_equal(f->calls, "3");
}

static void stop_leaves_other_events_for_later(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, ready);
	watch(f, 1, ready);
	send_to(f, 0);
	send_to(f, 1);
	run(f, 1);
	assert_string_equal(f->calls, "0");
	run(f, 1);
	assert_string_equal(f->calls, "01");
}

static void stop_before_run_counts(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, ready);
	send_to(f, 0);
	loop_stop(f->l, -5);
	assert_int_equal(loop_run(f->l), -5);
	assert_string_equal(f->calls, "");
	run(f, 1); /* and only for one run */
	assert_string_equal(f->calls, "0");
}

/* Unwatches all, itself too, and watches another one, which takes its place. */
static void turn_to_last(void *arg, int fd)
{
	struct fixture *f = arg;

	(void)fd;
	for (int i = 0; i < PIPES; i++) {
		loop_unwatch(f->l, f->read_end[i]);
	}
	watch(f, PIPES - 1, ready);
	note(f, 't');
}

static void unwatched_input_is_none(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, turn_to_last);
	watch(f, 1, ready);
	watch(f, 2, ready);
	for (int i = 0; i < PIPES; i++) {
		send_to(f, i);
	}
	run(f, 2);
	assert_string_equal(f->calls, "t3");
}

/* Its place is taken by a descriptor without input, and another one is watched besides. */
static void replace_next(void *arg, int fd)
{
	struct fixture *f = arg;
	char byte;

	assert_int_equal(read(fd, &byte, 1), 1);
	loop_unwatch(f->l, f->read_end[1]);
	watch(f, 2, ready);
	watch(f, 3, ready);
	note(f, 'r');
}

static void a_new_watch_does_not_inherit_an_event(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, replace_next);
	watch(f, 1, ready);
	send_to(f, 0);
	send_to(f, 1);
	send_to(f, 3);
	run(f, 2);
	assert_string_equal(f->calls, "r3");
}

static void watches_have_limits(void **state)
{
	struct fixture *f = *state;
	int extra[LOOP_MAX_WATCHES];

	assert_int_equal(loop_watch(f->l, -1, ready, f), -EBADF);
	loop_unwatch(f->l, -1);
	loop_unwatch(f->l, f->read_end[0]); /* not watched: nothing happens */
	watch(f, 0, ready);
	assert_int_equal(loop_watch(f->l, f->read_end[0], ready, f), -EEXIST);
	for (int i = 0; i < LOOP_MAX_WATCHES; i++) {
		extra[i] = dup(f->read_end[1]);
		assert_true(extra[i] >= 0);
		assert_int_equal(loop_watch(f->l, extra[i], ready, f),
				 i < LOOP_MAX_WATCHES - 1 ? 0 : -ENOSPC);
	}
	assert_int_equal(loop_watch(f->l, f->read_end[0], ready, f), -EEXIST);
	for (int i = 0; i < LOOP_MAX_WATCHES; i++) {
		loop_unwatch(f->l, extra[i]);
		close(extra[i]);
	}
	watch(f, 2, ready);
	send_to(f, 2);
	run(f, 1);
	assert_string_equal(f->calls, "2");
}

static void closing_what_is_watched_is_an_error(void **state)
{
	struct fixture *f = *state;

	watch(f, 0, ready);
	close(f->read_end[0]);
	assert_int_equal(loop_run(f->l), -EBADF);
	assert_string_equal(f->calls, "");
	loop_unwatch(f->l, f->read_end[0]);
	f->read_end[0] = -1;
}

/* --- signals ---------------------------------------------------------------------------------- */

static void arrived(void *arg, int signo)
{
	note(arg, signo == SIGUSR1 ? 'x' : signo == SIGUSR2 ? 'y' : '?');
}

static void ask_for_signals(struct fixture *f)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigaddset(&set, SIGUSR2);
	assert_int_equal(loop_signals(f->l, &set, arrived, f), 0);
	assert_int_equal(loop_signals(f->l, &set, arrived, f), -EBUSY);
}

static void a_signal_is_an_event(void **state)
{
	struct fixture *f = *state;

	ask_for_signals(f);
	assert_int_equal(raise(SIGUSR2), 0); /* which would end the program, were it not blocked */
	assert_string_equal(f->calls, "");
	run(f, 1);
	assert_string_equal(f->calls, "y");
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(raise(SIGUSR2), 0);
	run(f, 2);
	assert_string_equal(f->calls, "yxy");
}

static void stop_leaves_other_signals_for_later(void **state)
{
	struct fixture *f = *state;

	ask_for_signals(f);
	assert_int_equal(raise(SIGUSR1), 0);
	assert_int_equal(raise(SIGUSR2), 0);
	run(f, 1);
	assert_string_equal(f->calls, "x");
	run(f, 1);
	assert_string_equal(f->calls, "xy");
}

static void a_signal_wakes_the_loop(void **state)
{
	struct fixture *f = *state;
	pid_t sender;

	ask_for_signals(f);
	watch(f, 0, ready);
	sender = fork();
	if (sender == 0) {
		usleep(5000);
		_exit(kill(getppid(), SIGUSR1) == 0 ? 0 : 1);
	}
	run(f, 1);
	assert_string_equal(f->calls, "x");
	assert_int_equal(waitpid(sender, NULL, 0), sender);
}

static void do_nothing(int signo)
{
	(void)signo;
}

/* A signal that somebody else handles interrupts poll; the loop goes on. */
static void a_foreign_signal_does_no_harm(void **state)
{
	struct fixture *f = *state;
	struct sigaction action = { .sa_handler = do_nothing };
	pid_t sender;

	assert_int_equal(sigaction(SIGHUP, &action, NULL), 0);
	watch(f, 0, ready);
	sender = fork();
	if (sender == 0) {
		usleep(5000);
		kill(getppid(), SIGHUP);
		usleep(5000);
		_exit(write(f->write_end[0], "x", 1) == 1 ? 0 : 1);
	}
	run(f, 1);
	assert_string_equal(f->calls, "0");
	assert_int_equal(waitpid(sender, NULL, 0), sender);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(input_is_an_event),
		TEST(input_that_is_left_is_an_event_again),
		TEST(the_other_end_closing_is_an_event),
		TEST(stop_leaves_other_events_for_later),
		TEST(stop_before_run_counts),
		TEST(unwatched_input_is_none),
		TEST(a_new_watch_does_not_inherit_an_event),
		TEST(watches_have_limits),
		TEST(closing_what_is_watched_is_an_error),
		TEST(a_signal_is_an_event),
		TEST(stop_leaves_other_signals_for_later),
		TEST(a_signal_wakes_the_loop),
		TEST(a_foreign_signal_does_no_harm),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
