/* SPDX-License-Identifier: BSD-3-Clause */
/* Making clock files: complete or not at all, and never in the place of something else. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock_file.h"
#include "tests/support/between.h"
#include "tests/support/clock_guard.h"
#include "tests/support/scratch.h"

/* What the file system says to these calls, if it lacks them. */
static int link_error, rename_error;

int link(const char *from, const char *to)
{
	errno = link_error;
	return link_error != 0 ? -1 : linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

int renameat2(int from_dir, const char *from, int to_dir, const char *to, unsigned flags)
{
	errno = rename_error;
	return rename_error != 0 ? -1
				 : (int)syscall(SYS_renameat2, from_dir, from, to_dir, to, flags);
}

/* With a clock file at its path. */
static int setup(void **state)
{
	const int rc = scratch_setup(state);
	const struct scratch *scratch = *state;

	return rc == 0 ? clock_file_create(scratch->path, 0, 0) : rc;
}

static struct clock *open_clock(const char *path)
{
	struct clock *c = NULL;
	const char *why;

	assert_int_equal(clock_file_open(&c, path, true, &why), 0);
	return c;
}

static void it_is_what_was_asked_for(void **state)
{
	struct scratch *scratch = *state;
	struct clock_file_state s;
	struct clock *c;
	char path[256];

	snprintf(path, sizeof(path), "%s.2", scratch->path);
	assert_int_equal(clock_file_create(path, -3 * NS_PER_SEC, 100000), 0);
	c = open_clock(path);
	clock_file_state(c, &s);
	assert_int_equal(s.drift_ppb, 100000);
	/* 100 ppm ahead of where it began, for at most a minute */
	assert_between(0, s.offset + 3 * NS_PER_SEC, 6 * NS_PER_MS);
	clock_close(c);
	assert_int_equal(scratch_count(scratch), 2); /* no temporary is left */
}

/* Of a vfat, a FUSE, and one that can do nothing. */
static void a_file_system_without_links_will_do(void **state)
{
	static const char precious[] = "a letter to somebody";
	static const int lacks[][2] = { { EPERM, 0 },
					{ EOPNOTSUPP, 0 },
					{ ENOSYS, EINVAL },
					{ EPERM, ENOSYS },
					{ EPERM, EOPNOTSUPP } };
	struct scratch *scratch = *state;
	struct clock_file_state s;
	struct clock *c;
	char path[256];

	for (size_t i = 0; i < sizeof(lacks) / sizeof(lacks[0]); i++) {
		link_error = lacks[i][0];
		rename_error = lacks[i][1];
		snprintf(path, sizeof(path), "%s.%zu", scratch->path, i);
		assert_int_equal(clock_file_create(path, 0, 7000), 0);
		c = open_clock(path);
		clock_file_state(c, &s);
		assert_int_equal(s.drift_ppb, 7000);
		clock_close(c);
		assert_int_equal(clock_file_create(path, 0, 0), -EEXIST);
		assert_int_equal(scratch_count(scratch), 2 + i);
		scratch_write(scratch->path, precious, sizeof(precious));
		assert_int_equal(clock_file_create(scratch->path, 0, 0), -EEXIST);
	}
	link_error = ENOSPC; /* which is another matter */
	snprintf(path, sizeof(path), "%s.none", scratch->path);
	assert_int_equal(clock_file_create(path, 0, 0), -ENOSPC);
	link_error = rename_error = 0;
}

static void permissions_follow_the_umask(void **state)
{
	struct scratch *scratch = *state;
	mode_t before = umask(0027);
	struct stat st;

	assert_int_equal(unlink(scratch->path), 0);
	assert_int_equal(clock_file_create(scratch->path, 0, 0), 0);
	umask(before);
	assert_int_equal(stat(scratch->path, &st), 0);
	assert_int_equal(st.st_mode, S_IFREG | 0640);
	assert_int_equal(st.st_nlink, 1);
}

static void the_longest_name_will_do(void **state)
{
	struct scratch *scratch = *state;
	char path[sizeof(scratch->directory) + 257];
	int start = snprintf(path, sizeof(path), "%s/", scratch->directory);

	memset(path + start, 'x', 255);
	path[start + 255] = '\0';
	assert_int_equal(clock_file_create(path, 0, 0), 0);
	clock_close(open_clock(path));
}

static void a_name_in_this_directory_will_do(void **state)
{
	struct scratch *scratch = *state;
	char before[4096];

	assert_non_null(getcwd(before, sizeof(before)));
	assert_int_equal(chdir(scratch->directory), 0);
	assert_int_equal(clock_file_create("here", 0, 0), 0);
	clock_close(open_clock("here"));
	assert_int_equal(chdir(before), 0);
	assert_int_equal(scratch_count(scratch), 2);
}

static void a_taken_name_is_left_alone(void **state)
{
	static const char precious[] = "a letter to somebody";
	struct scratch *scratch = *state;
	char found[64];
	char dangling[256];

	scratch_write(scratch->path, precious, sizeof(precious));
	assert_int_equal(clock_file_create(scratch->path, 0, 0), -EEXIST);
	assert_int_equal(scratch_read(scratch->path, found, sizeof(found)), sizeof(precious));
	assert_memory_equal(found, precious, sizeof(precious));

	snprintf(dangling, sizeof(dangling), "%s.link", scratch->path);
	assert_int_equal(symlink("nowhere", dangling), 0);
	assert_int_equal(clock_file_create(dangling, 0, 0), -EEXIST);
	assert_int_equal(scratch_count(scratch), 2);
}

static void what_cannot_be_made_leaves_nothing_behind(void **state)
{
	struct scratch *scratch = *state;
	char path[256];

	snprintf(path, sizeof(path), "%s.2", scratch->path);
	assert_int_equal(clock_file_create(path, INT64_MAX, 0), -ERANGE);
	assert_int_equal(clock_file_create(path, INT64_MIN, 0), -ERANGE);
	assert_int_equal(clock_file_create(path, TS_LIMIT, 0), -ERANGE);
	assert_int_equal(clock_file_create(path, 0, DRIFT_NAMED_PPB + 1), -ERANGE);
	assert_int_equal(clock_file_create(path, 0, INT64_MIN), -ERANGE);
	assert_int_equal(clock_file_create("", 0, 0), -ENOENT);
	snprintf(path, sizeof(path), "%s/none/file", scratch->directory);
	assert_int_equal(clock_file_create(path, 0, 0), -ENOENT);
	snprintf(path, sizeof(path), "%s/", scratch->path);
	assert_int_equal(clock_file_create(path, 0, 0), -ENOTDIR);
	assert_int_equal(scratch_count(scratch), 1);
}

/* Exit code 0 if creating fails for want of space, as a limit on files imitates it. */
static void create_on_a_full_disk(const char *path)
{
	const struct rlimit none = { 0, 0 };

	signal(SIGXFSZ, SIG_IGN);
	_exit(setrlimit(RLIMIT_FSIZE, &none) == 0 && clock_file_create(path, 0, 0) == -EFBIG ? 0
											     : 1);
}

static void a_full_disk_leaves_nothing_behind(void **state)
{
	struct scratch *scratch = *state;
	char path[256];
	int status = -1;
	pid_t child;

	snprintf(path, sizeof(path), "%s.2", scratch->path);
	child = fork();
	if (child == 0) {
		create_on_a_full_disk(path);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	assert_int_equal(scratch_count(scratch), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, scratch_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(it_is_what_was_asked_for),
		TEST(a_file_system_without_links_will_do),
		TEST(permissions_follow_the_umask),
		TEST(the_longest_name_will_do),
		TEST(a_name_in_this_directory_will_do),
		TEST(a_taken_name_is_left_alone),
		TEST(what_cannot_be_made_leaves_nothing_behind),
		TEST(a_full_disk_leaves_nothing_behind),
	};

	clock_guard();
	return cmocka_run_group_tests(tests, NULL, NULL);
}
