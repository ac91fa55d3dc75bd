/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What else steers the system clock. The processes, the kernel and the lock file are the test's
 * own.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "os/clock_rivals.h"
#include "os/clock_system.h"
#include "os/clock_system_lock.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

#define HAS_IT "Name:\tx\nCapPrm:\t0000000002000000\nCapEff:\t0000000002000400\nCapBnd:\t0\n"
#define LACKS  "Name:\tx\nCapPrm:\t0000000002000000\nCapEff:\t0000000000000400\nCapBnd:\t0\n"

static struct {
	struct timex is;
	dur_ns slew_left;
	unsigned asked, frequency_changes_at; /* with that question, or 0 */
	unsigned statuses, steps;
} kernel;
static struct scratch scratch;
static char process[200]; /* the directory of the only process */

int clock_adjtime(clockid_t id, struct timex *request)
{
	const unsigned modes = request->modes;
	const struct timex given = *request;

	(void)id;
	kernel.asked++;
	if (kernel.asked == kernel.frequency_changes_at) {
		kernel.is.freq += 65536;
	}
	if (modes == ADJ_STATUS) {
		kernel.is.status = given.status;
		kernel.statuses++;
	}
	kernel.steps += modes == (ADJ_SETOFFSET | ADJ_NANO) && given.time.tv_sec == 0 &&
			given.time.tv_usec == 0;
	*request = kernel.is;
	request->offset = modes == ADJ_OFFSET_SS_READ ? kernel.slew_left / NS_PER_US : 0;
	return TIME_OK;
}

/* The lock file is in the scratch, and this machine's processes do not matter. */
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

DIR *opendir(const char *path)
{
	if (strcmp(path, "/proc") == 0) {
		return NULL;
	}
	return fdopendir(open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

static int setup(void **state)
{
	(void)state;
	memset(&kernel, 0, sizeof(kernel));
	kernel.is.tick = 10000;
	assert_int_equal(scratch_make(&scratch), 0);
	snprintf(process, sizeof(process), "%s/4321", scratch.directory);
	return mkdir(process, 0755);
}

static void write_of_process(const char *name, const char *text, size_t n)
{
	char path[300];

	snprintf(path, sizeof(path), "%s/%s", process, name);
	scratch_write(path, text, n);
}

static int teardown(void **state)
{
	static const char *const files[] = { "comm", "status", "cmdline" };

	(void)state;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
		char path[300];

		snprintf(path, sizeof(path), "%s/%s", process, files[i]);
		(void)unlink(path);
	}
	(void)rmdir(process);
	scratch_remove(&scratch);
	return 0;
}

/* Whether a process of that name, privilege and command line is a rival; `n` octets of arguments.
 */
static bool is_rival(const char *comm, const char *status, const char *arguments, size_t n)
{
	struct clock_rival rival = { .pid = -1 };
	char text[CLOCK_RIVAL_TEXT_MAX];
	bool found;

	write_of_process("comm", comm, strlen(comm));
	write_of_process("status", status, strlen(status));
	write_of_process("cmdline", arguments, n);
	found = clock_rivals_find(scratch.directory, &rival);
	if (found) {
		assert_int_equal(rival.kind, CLOCK_RIVAL_PROGRAM);
		assert_int_equal(rival.pid, 4321);
		assert_memory_equal(rival.name, comm, strlen(rival.name));
		assert_non_null(strstr(clock_rival_text(&rival, text), ", pid 4321, steers it"));
	}
	return found;
}

#define ARGUMENTS(text) text, sizeof(text)

static void daemons_that_may_set_the_clock(void **state)
{
	static const char *const names[] = { "chronyd\n",    "ntpd\n",
					     "ntp-daemon\n", "systemd-timesyn\n",
					     "phc2sys\n",    "ptpd\n",
					     "ptpd2\n" };

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(is_rival(names[i], HAS_IT, ARGUMENTS("x")));
		assert_false(is_rival(names[i], LACKS, ARGUMENTS("x")));
	}
	assert_false(is_rival("cron\n", HAS_IT, ARGUMENTS("chronyd")));
	assert_false(is_rival("ntp\n", HAS_IT, ARGUMENTS("ntp")));
	assert_false(is_rival("", "", ARGUMENTS("")));
}

static void chronyd_that_only_serves(void **state)
{
	(void)state;
	assert_false(is_rival("chronyd\n", HAS_IT, ARGUMENTS("chronyd\0-x")));
	assert_false(is_rival("chronyd\n", HAS_IT, ARGUMENTS("/usr/sbin/chronyd\0-F\0002\0-dx")));
	assert_true(is_rival("chronyd\n", HAS_IT, ARGUMENTS("chronyd\0-u\0x")));
	assert_true(is_rival("chronyd\n", HAS_IT, ARGUMENTS("chronyd\0-f\0/etc/x-y")));
	assert_true(is_rival("chronyd\n", HAS_IT, ARGUMENTS("chronyd\0-uxy")));
	assert_true(is_rival("chronyd\n", HAS_IT, ARGUMENTS("-x")));
	assert_true(is_rival("ntpd\n", HAS_IT, ARGUMENTS("ntpd\0-x"))); /* slews only */
}

static void nobody_is_no_rival(void **state)
{
	struct clock_rival rival = { .pid = -1 };

	(void)state;
	assert_false(clock_has_rival(clock_system(), &rival));
	assert_false(clock_rivals_find("/nowhere", &rival));
	assert_int_equal(kernel.statuses + kernel.steps, 0);
}

static void the_kernel_s_disciplines(void **state)
{
	static const int bits[] = { STA_PLL, STA_FLL, STA_PPSFREQ, STA_PPSTIME };
	struct clock_rival rival = { .pid = -1 };
	char text[CLOCK_RIVAL_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
		kernel.is.status = bits[i] | STA_UNSYNC | STA_INS;
		assert_true(clock_has_rival(clock_system(), &rival));
		assert_int_equal(rival.kind, CLOCK_RIVAL_KERNEL);
		assert_non_null(strstr(clock_rival_text(&rival, text), "PLL"));
		assert_int_equal(clock_take_over(clock_system()), 0);
		assert_int_equal(kernel.is.status, STA_UNSYNC | STA_INS);
		assert_int_equal(kernel.steps, i + 1);
		assert_false(clock_has_rival(clock_system(), &rival));
	}
}

static void a_slew_unless_one_of_ours_has_left_it(void **state)
{
	struct clock_rival rival = { .pid = -1 };
	struct clock_keeper other;
	char text[CLOCK_RIVAL_TEXT_MAX];

	(void)state;
	kernel.slew_left = -1500 * NS_PER_US;
	assert_true(clock_has_rival(clock_system(), &rival));
	assert_int_equal(rival.kind, CLOCK_RIVAL_SLEW);
	assert_int_equal(rival.left, -1500 * NS_PER_US);
	assert_non_null(strstr(clock_rival_text(&rival, text), "1500 us of that are left"));
	assert_int_equal(clock_keep(clock_system(), CLOCK_KEEPER_GROUP, &other), 0);
	assert_false(clock_has_rival(clock_system(), &rival));
}

static void somebody_who_changes_it_meanwhile(void **state)
{
	struct clock_rival rival = { .pid = -1 };
	char text[CLOCK_RIVAL_TEXT_MAX];

	(void)state;
	kernel.frequency_changes_at = 5;
	assert_true(clock_has_rival(clock_system(), &rival));
	assert_int_equal(rival.kind, CLOCK_RIVAL_CHANGES);
	assert_non_null(strstr(clock_rival_text(&rival, text), "changed it while"));
}

static void the_lock_is_given_away(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(clock_system_give(geteuid(), getegid()), 0);
	assert_int_equal(stat(scratch.path, &st), 0);
	assert_int_equal(st.st_mode & 0777, 0600);
	assert_int_equal(st.st_uid, geteuid());
	assert_false(clock_system_lock_was_kept());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(daemons_that_may_set_the_clock, setup, teardown),
		cmocka_unit_test_setup_teardown(chronyd_that_only_serves, setup, teardown),
		cmocka_unit_test_setup_teardown(nobody_is_no_rival, setup, teardown),
		cmocka_unit_test_setup_teardown(the_kernel_s_disciplines, setup, teardown),
		cmocka_unit_test_setup_teardown(a_slew_unless_one_of_ours_has_left_it, setup,
						teardown),
		cmocka_unit_test_setup_teardown(somebody_who_changes_it_meanwhile, setup, teardown),
		cmocka_unit_test_setup_teardown(the_lock_is_given_away, setup, teardown),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
