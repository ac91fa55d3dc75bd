/* SPDX-License-Identifier: BSD-3-Clause */
/* Children that end as soon as they are started: the pauses before each try, and the messages.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/children.h"
#include "tests/support/output.h"

static struct mono now;
static int fork_error; /* what starting a process fails with */

/* In place of the C library's. */
pid_t fork(void)
{
	if (fork_error != 0) {
		errno = fork_error;
		return -1;
	}
	return _Fork();
}

static struct mono op_mono(struct clock *c)
{
	(void)c;
	return now;
}

static const struct clock_ops ops = { .mono = op_mono };
static struct clock fake = { .ops = &ops };

static void fail_at_once(void *arg, const struct child *child)
{
	(void)arg;
	(void)child;
	_exit(EXIT_FAILURE);
}

/* Let it live once, as soon as it may. How long that was waited for. */
static dur_ns live(struct children *all)
{
	const dur_ns waited = mono_since(all->child[0].started, now);

	now = all->child[0].started;
	children_start(all, ROLE_KEEPER, now, fail_at_once, NULL);
	assert_int_not_equal(all->child[0].pid, 0);
	for (int i = 0; i < 10000 && all->child[0].pid != 0; i++) {
		usleep(1000);
		children_reap(all);
	}
	assert_int_equal(all->child[0].pid, 0);
	return waited;
}

static unsigned count(const char *text, const char *part)
{
	unsigned n = 0;

	for (; (text = strstr(text, part)); text++) {
		n++;
	}
	return n;
}

static void an_agent_that_cannot_run(void **state)
{
	const struct keeper agent = { .name = "group agent", .useless = "nothing is kept" };
	struct children all = { .clock = &fake, .keeper = &agent };
	struct output output;
	dur_ns waited = 0;
	char said[4000];

	(void)state;
	children_add(&all, ROLE_KEEPER, 1);
	output_divert(&output, STDERR_FILENO);
	for (int i = 0; i < 10; i++) {
		waited = live(&all);
	}
	output_restore(&output, said, sizeof(said));
	assert_int_equal(count(said, "the group agent cannot run here: nothing is kept"), 1);
	assert_int_equal(count(said, "starting another"), 3);
	assert_int_equal(waited, 30 * NS_PER_SEC);
	assert_false(all.hopeless); /* the workers serve */
}

static void live_on(void *arg, const struct child *child)
{
	(void)arg;
	(void)child;
	pause();
}

static void start_worker(struct children *all)
{
	children_start(all, ROLE_WORKER, now, live_on, NULL);
}

static void no_first_worker_is_no_hope(void **state)
{
	struct children all = { .clock = &fake };
	struct output output;
	char said[4000];

	(void)state;
	fork_error = EAGAIN;
	children_add(&all, ROLE_WORKER, 3);
	output_divert(&output, STDERR_FILENO);
	start_worker(&all);
	assert_false(children_can_start());
	output_restore(&output, said, sizeof(said));
	fork_error = 0;
	assert_true(all.hopeless && all.ending);
	assert_int_equal(count(said, "no process can be started: Resource temporarily"), 2);
	assert_true(children_can_start());
}

/* One that ran is waited for: tried again, ever more rarely, and said once. */
static void a_later_one_is_tried_again(void **state)
{
	struct children all = { .clock = &fake };
	struct output output;
	char said[4000];
	dur_ns waited = 0;

	(void)state;
	children_add(&all, ROLE_WORKER, 1);
	start_worker(&all);
	assert_int_not_equal(all.child[0].pid, 0);
	children_kill(&all, ROLE_WORKER);
	fork_error = EAGAIN;
	output_divert(&output, STDERR_FILENO);
	for (int i = 0; i < 12; i++) {
		start_worker(&all);
		waited = mono_since(all.child[0].started, now);
		assert_true(i > 0 || waited < NS_PER_SEC);
		now = all.child[0].started;
	}
	fork_error = 0;
	start_worker(&all);
	output_restore(&output, said, sizeof(said));
	assert_int_equal(waited, 30 * NS_PER_SEC);
	assert_int_equal(count(said, "cannot start a process: Resource temporarily"), 1);
	assert_int_equal(count(said, "can be started again"), 1);
	assert_int_not_equal(all.child[0].pid, 0);
	assert_false(all.hopeless);
	children_kill(&all, ROLE_WORKER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_agent_that_cannot_run),
		cmocka_unit_test(no_first_worker_is_no_hope),
		cmocka_unit_test(a_later_one_is_tried_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
