/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Clock files under fire: many writers at once, writers killed and writers stopped at random
 * instants, and a reader who looks on all the time.
 *
 * Most writers count: they step the clock by TICK again and again, without any drift. So the
 * clock's offset is always a whole number of TICKs, it never falls, and a killed writer has added
 * exactly as many as it had reported, or the one more that it died in.
 */
#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "os/clock_file.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/random.h"
#include "tests/support/scratch.h"

#define TICK       INT64_C(1000)
#define KILLS      300
#define STOPS      100
#define WRITERS    4
#define TICKS_EACH 5000

/* A test that hangs is killed after this. */
#define DEADLINE_S 60

/* Shared by the processes of a test. */
struct tally {
	_Atomic int64_t ticks; /* reported by the writers */
	_Atomic int64_t reads; /* done by the reader */
	_Atomic bool over;
};

struct fixture {
	struct scratch scratch;
	struct tally *tally;
	struct random random;
};

static int setup(void **state)
{
	static struct fixture f;

	f.random = random_from(1);
	f.tally = mmap(NULL, sizeof(*f.tally), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS,
		       -1, 0);
	*state = &f;
	alarm(DEADLINE_S);
	if (f.tally == MAP_FAILED || scratch_make(&f.scratch)) {
		return -1;
	}
	return clock_file_create(f.scratch.path, 0, 0);
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	alarm(0);
	scratch_remove(&f->scratch);
	return munmap(f->tally, sizeof(*f->tally));
}

/* --- processes -------------------------------------------------------------------------------- */

static struct clock *open_or_exit(const char *path, bool writable)
{
	struct clock *c;
	const char *why;

	if (clock_file_open(&c, path, writable, &why)) {
		_exit(3);
	}
	return c;
}

static struct clock *open_clock(const struct fixture *f, bool writable)
{
	struct clock *c = NULL;
	const char *why;

	assert_int_equal(clock_file_open(&c, f->scratch.path, writable, &why), 0);
	return c;
}

typedef void child_fn(struct fixture *f);

static pid_t start(child_fn *child, struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0) {
		alarm(DEADLINE_S); /* not inherited from the parent */
		child(f);
		_exit(0);
	}
	assert_true(pid > 0);
	return pid;
}

static void assert_exits_well(pid_t pid)
{
	int status = -1;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void kill_and_wait(pid_t pid)
{
	int status = -1;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
}

/* Let others run for up to 4 ms. */
static void wait_a_random_time(struct fixture *f)
{
	struct timespec wait = { .tv_nsec = random_between(&f->random, 0, 4 * NS_PER_MS) };

	nanosleep(&wait, NULL);
}

static dur_ns offset_of(struct clock *c)
{
	struct clock_file_state s;

	clock_file_state(c, &s);
	return s.offset;
}

/* Count until killed. */
static void count_for_ever(struct fixture *f)
{
	struct clock *c = open_or_exit(f->scratch.path, true);

	while (clock_step(c, TICK) == 0) {
		atomic_fetch_add(&f->tally->ticks, 1);
	}
	_exit(1);
}

/* Read until told to stop, and exit with 1 if the clock ever shows what it cannot. */
static void look_on(struct fixture *f)
{
	struct clock *c = open_or_exit(f->scratch.path, false);
	dur_ns last = 0;

	while (!atomic_load(&f->tally->over)) {
		dur_ns offset = offset_of(c);

		if (offset % TICK != 0 || offset < last) {
			_exit(1);
		}
		last = offset;
		atomic_fetch_add(&f->tally->reads, 1);
	}
}

/* --- tests ------------------------------------------------------------------------------------ */

static void killed_writers_leave_a_valid_clock(void **state)
{
	struct fixture *f = *state;
	pid_t reader = start(look_on, f);
	int64_t ticks = 0;

	for (int i = 0; i < KILLS; i++) {
		pid_t writer = start(count_for_ever, f);
		struct clock *c;

		wait_a_random_time(f);
		kill_and_wait(writer);
		c = open_clock(f, true);
		ticks = offset_of(c) / TICK;
		assert_between(f->tally->ticks, ticks, f->tally->ticks + 1);
		f->tally->ticks = ticks;
		clock_close(c);
	}
	f->tally->over = true;
	assert_exits_well(reader);
	assert_true(ticks > KILLS); /* most were killed at work */
	assert_true(f->tally->reads > KILLS);
}

static void stopped_writers_stop_no_reader(void **state)
{
	struct fixture *f = *state;
	struct clock *c = open_clock(f, false);
	dur_ns last = 0;

	for (int i = 0; i < STOPS; i++) {
		pid_t writer = start(count_for_ever, f);
		struct clock *other;
		int status;

		wait_a_random_time(f);
		assert_int_equal(kill(writer, SIGSTOP), 0);
		assert_int_equal(waitpid(writer, &status, WUNTRACED), writer);
		assert_true(WIFSTOPPED(status));

		assert_int_equal(offset_of(c) % TICK, 0);
		assert_true(offset_of(c) >= last);
		last = offset_of(c);
		other = open_clock(f, true); /* to open it is to read it */
		assert_int_equal(offset_of(other), last);
		clock_close(other);
		kill_and_wait(writer);
	}
	assert_true(last > STOPS * TICK);
	clock_close(c);
}

static void count_ticks(struct fixture *f, struct clock *c)
{
	for (int i = 0; i < TICKS_EACH; i++) {
		if (clock_step(c, TICK)) {
			_exit(1);
		}
	}
	f->tally->ticks += TICKS_EACH;
}

static void open_and_count(struct fixture *f)
{
	count_ticks(f, open_or_exit(f->scratch.path, true));
}

static void no_step_of_many_writers_is_lost(void **state)
{
	struct fixture *f = *state;
	pid_t reader = start(look_on, f);
	pid_t writers[WRITERS];
	struct clock *c = open_clock(f, false);

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = start(open_and_count, f);
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_exits_well(writers[i]);
	}
	f->tally->over = true;
	assert_exits_well(reader);
	assert_int_equal(f->tally->ticks, WRITERS * TICKS_EACH);
	assert_int_equal(offset_of(c), WRITERS * TICKS_EACH * TICK);
	clock_close(c);
}

/* The same with processes that inherited one open clock, as a daemon's do. */
static void no_step_of_a_family_is_lost(void **state)
{
	struct fixture *f = *state;
	struct clock *inherited = open_clock(f, true);
	pid_t writers[WRITERS];

	for (int i = 0; i < WRITERS; i++) {
		writers[i] = fork();
		assert_true(writers[i] >= 0);
		if (writers[i] == 0) {
			alarm(DEADLINE_S);
			count_ticks(f, inherited);
			_exit(0);
		}
	}
	for (int i = 0; i < WRITERS; i++) {
		assert_exits_well(writers[i]);
	}
	assert_int_equal(offset_of(inherited), WRITERS * TICKS_EACH * TICK);
	clock_close(inherited);
}

/* A process that has adjusted the clock and lives on does not hold the lock. */
static void an_idle_writer_locks_nobody_out(void **state)
{
	struct fixture *f = *state;
	struct clock *c = open_clock(f, true);

	assert_int_equal(clock_step(c, TICK), 0);
	assert_int_equal(clock_step(c, INT64_MAX), -ERANGE);
	assert_exits_well(start(open_and_count, f));
	assert_int_equal(offset_of(c), (TICKS_EACH + 1) * TICK);
	clock_close(c);
}

/* A lock that a killed process held is free, though its relatives have the same file open. */
static void a_killed_relative_locks_nobody_out(void **state)
{
	struct fixture *f = *state;
	struct clock *inherited = open_clock(f, true);

	for (int i = 0; i < STOPS; i++) {
		pid_t writer = fork();
		struct clock *other;

		assert_true(writer >= 0);
		if (writer == 0) {
			while (clock_step(inherited, TICK) == 0) {
			}
			_exit(1);
		}
		wait_a_random_time(f);
		kill_and_wait(writer);
		other = open_clock(f, true);
		assert_int_equal(clock_step(other, TICK), 0);
		assert_int_equal(offset_of(inherited) % TICK, 0);
		clock_close(other);
	}
	assert_true(offset_of(inherited) > 2 * STOPS * TICK);
	clock_close(inherited);
}

/* --- every way of adjusting ------------------------------------------------------------------- */

#define HERE      (-NS_PER_SEC)
#define THERE     (3600 * NS_PER_SEC)
#define DRIFT_PPB 1000
#define FREQUENCY 500
#define SLEW      (NS_PER_MS / 2)

/*
 * Go to and fro between two offsets, with a drift and a frequency that are always one of two,
 * until killed.
 */
static void meddle_for_ever(struct fixture *f)
{
	struct clock *c = open_or_exit(f->scratch.path, true);

	while (!clock_file_set_offset(c, HERE) && !clock_slew(c, SLEW) &&
	       !clock_file_set_drift(c, DRIFT_PPB) && !clock_set_frequency(c, FREQUENCY) &&
	       !clock_step(c, THERE - HERE) && !clock_file_set_drift(c, -DRIFT_PPB) &&
	       !clock_set_frequency(c, -FREQUENCY) && !clock_step(c, HERE - THERE)) {
	}
	_exit(1);
}

static void assert_is_here_or_there(struct clock *c)
{
	const dur_ns little = NS_PER_MS; /* what drift and slew may do between two kills */
	struct clock_file_state s;

	clock_file_state(c, &s);
	assert_true(s.drift_ppb == DRIFT_PPB || s.drift_ppb == -DRIFT_PPB);
	assert_true(s.frequency_ppb == FREQUENCY || s.frequency_ppb == -FREQUENCY);
	if (s.offset > 0) {
		assert_between(THERE - little, s.offset, THERE + little);
		assert_int_equal(s.slew_left, 0);
	} else {
		assert_between(HERE - little, s.offset, HERE + little);
		assert_between(0, s.slew_left, SLEW);
	}
}

static void meddlers_are_killed_too(void **state)
{
	struct fixture *f = *state;
	struct clock *reader = open_clock(f, false);
	struct clock *c = open_clock(f, true);
	int there = 0;

	assert_int_equal(clock_file_set_offset(c, HERE), 0);
	assert_int_equal(clock_file_set_drift(c, DRIFT_PPB), 0);
	assert_int_equal(clock_set_frequency(c, FREQUENCY), 0);
	clock_close(c);
	for (int i = 0; i < STOPS; i++) {
		pid_t writer = start(meddle_for_ever, f);

		wait_a_random_time(f);
		for (int j = 0; j < 1000; j++) {
			assert_is_here_or_there(reader);
			there += offset_of(reader) > 0;
		}
		kill_and_wait(writer);
		c = open_clock(f, true);
		assert_is_here_or_there(c);
		clock_close(c);
	}
	assert_between(STOPS, there, STOPS * 1000 - STOPS); /* it was here often, and there */
	clock_close(reader);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(killed_writers_leave_a_valid_clock),
		TEST(stopped_writers_stop_no_reader),
		TEST(no_step_of_many_writers_is_lost),
		TEST(no_step_of_a_family_is_lost),
		TEST(an_idle_writer_locks_nobody_out),
		TEST(a_killed_relative_locks_nobody_out),
		TEST(meddlers_are_killed_too),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
