/* SPDX-License-Identifier: BSD-3-Clause */
/* The heir of a tracker: it ends the slew of one that was killed, and does nothing otherwise. */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/heir.h"
#include "tests/support/between.h"

#define LONGEST 20 /* seconds that a test may take before it is killed */

/* A clock that several processes share. */
struct shared {
	struct clock clock;
	_Atomic int64_t frequency_ppb, slew_ppb;
	_Atomic bool kept; /* by somebody else */
	_Atomic int asked; /* how often its frequency was */
};

static struct shared *fake;

static int forks_left; /* in a process that may start no more; else it never is 0 */

/* In place of libc's, for the heir too. */
pid_t fork(void)
{
	if (--forks_left == 0) {
		errno = EAGAIN;
		return -1;
	}
	return _Fork();
}

static int64_t op_frequency_slew(struct clock *c)
{
	(void)c;
	return fake->slew_ppb;
}

static int op_frequency(struct clock *c, int64_t *ppb)
{
	(void)c;
	*ppb = fake->frequency_ppb;
	fake->asked++;
	return 0;
}

static int op_set_frequency(struct clock *c, int64_t ppb, const struct clock_slew *slew,
			    struct clock_mark *since)
{
	(void)c;
	if (!since || fake->kept) {
		return -EBUSY;
	}
	fake->frequency_ppb = ppb + slew->ppb;
	fake->slew_ppb = slew->ppb;
	return 0;
}

static const struct clock_ops ops = {
	.frequency_slew = op_frequency_slew,
	.frequency = op_frequency,
	.set_frequency = op_set_frequency,
};

static int setup(void **state)
{
	(void)state;
	fake = mmap(NULL, sizeof(*fake), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (fake == MAP_FAILED) {
		return -1;
	}
	forks_left = 1000;
	fake->clock.ops = &ops;
	fake->frequency_ppb = 520000;
	fake->slew_ppb = 500000;
	alarm(LONGEST);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	alarm(0);
	return munmap(fake, sizeof(*fake));
}

/* A process that has an heir, and is ended by that signal once it has. */
static void keep_and_end(int signo)
{
	int ready[2];
	pid_t pid;
	char word;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		const bool ok = heir_appoint(&fake->clock);

		(void)!write(ready[1], ok ? "y" : "n", 1);
		for (;;) {
			pause();
		}
	}
	assert_int_equal(read(ready[0], &word, 1), 1);
	assert_int_equal(word, 'y');
	assert_int_equal(fake->asked, 0); /* it waits */
	assert_int_equal(kill(pid, signo), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	close(ready[0]);
	close(ready[1]);
	while (fake->asked == 0) { /* the alarm ends this test if it never is */
		usleep(1000);
	}
}

static void a_slew_of_a_killed_process_ends(void **state)
{
	(void)state;
	keep_and_end(SIGKILL);
	while (fake->slew_ppb != 0) {
		usleep(1000);
	}
	assert_int_equal(fake->frequency_ppb, 20000);
}

static void of_one_that_has_left_none_nothing_is_changed(void **state)
{
	(void)state;
	fake->slew_ppb = 0;
	keep_and_end(SIGTERM);
	usleep(20000);
	assert_int_equal(fake->frequency_ppb, 520000);
}

static void a_clock_that_has_another_keeper_is_left_to_that(void **state)
{
	(void)state;
	fake->kept = true;
	keep_and_end(SIGKILL);
	usleep(20000);
	assert_int_equal(fake->frequency_ppb, 520000);
}

static void that_there_is_none_is_told(void **state)
{
	(void)state;
	for (int i = 1; i <= 2; i++) {
		forks_left = i;
		assert_false(heir_appoint(&fake->clock));
		assert_int_equal(waitpid(-1, NULL, 0), -1);
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_slew_of_a_killed_process_ends),
		TEST(of_one_that_has_left_none_nothing_is_changed),
		TEST(a_clock_that_has_another_keeper_is_left_to_that),
		TEST(that_there_is_none_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
