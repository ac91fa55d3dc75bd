/* SPDX-License-Identifier: BSD-3-Clause */
/* Files in whose place there is something else. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/files.h"
#include "tests/support/between.h"
#include "tests/support/scratch.h"

#define LONGEST 20 /* seconds until a test that waits for a FIFO is killed */

static struct scratch scratch;
static char new_path[256], target[256];

static int setup(void **state)
{
	(void)state;
	alarm(LONGEST);
	if (scratch_make(&scratch) != 0) {
		return -1;
	}
	snprintf(new_path, sizeof(new_path), "%s.new", scratch.path);
	snprintf(target, sizeof(target), "%s/target", scratch.directory);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	alarm(0);
	scratch_remove(&scratch);
	return 0;
}

static void assert_content(const char *path, const char *text)
{
	char found[64];
	const size_t n = scratch_read(path, found, sizeof(found));

	assert_int_equal(n, strlen(text));
	assert_memory_equal(found, text, n);
}

static void what_is_no_regular_file_is_refused_at_once(void **state)
{
	static const int flags[] = { O_RDONLY, O_WRONLY, O_RDWR, O_WRONLY | O_CREAT | O_APPEND };

	(void)state;
	assert_int_equal(mkfifo(scratch.path, 0600), 0);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
		assert_int_equal(file_open_regular(scratch.path, flags[i], 0600), -EMEDIUMTYPE);
		assert_int_equal(file_open_regular("/dev/null", flags[i], 0600), -EMEDIUMTYPE);
		assert_int_equal(file_open_regular("/dev/tty", flags[i] | O_NOFOLLOW, 0600) < 0, 1);
	}
	assert_int_equal(file_open_regular(scratch.directory, O_RDONLY, 0), -EISDIR);
	assert_int_equal(file_open_regular(target, O_RDONLY, 0), -ENOENT);
}

static void a_link_is_followed_unless_that_is_not_wanted(void **state)
{
	int fd;

	(void)state;
	scratch_write(target, "x", 1);
	assert_int_equal(symlink(target, scratch.path), 0);
	fd = file_open_regular(scratch.path, O_RDONLY, 0);
	assert_true(fd >= 0);
	assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	assert_int_equal(file_open_regular(scratch.path, O_RDONLY | O_NOFOLLOW, 0), -ELOOP);
}

static void a_file_is_made_and_replaced(void **state)
{
	struct stat st;

	(void)state;
	umask(022);
	assert_int_equal(file_replace(scratch.path, "one", 3, 0600), 0);
	assert_content(scratch.path, "one");
	assert_int_equal(stat(scratch.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(file_replace(scratch.path, "two and more", 12, 0644), 0);
	assert_content(scratch.path, "two and more");
	assert_int_equal(scratch_count(&scratch), 1);
}

static void what_a_killed_process_left_is_no_obstacle(void **state)
{
	(void)state;
	scratch_write(new_path, "half", 4);
	assert_int_equal(file_try_replace(scratch.path), 0);
	scratch_write(new_path, "half", 4);
	assert_int_equal(file_replace(scratch.path, "one", 3, 0600), 0);
	assert_content(scratch.path, "one");
	assert_int_equal(scratch_count(&scratch), 1);
}

static void nothing_else_is_written_through(void **state)
{
	(void)state;
	scratch_write(scratch.path, "old", 3);
	scratch_write(target, "dear reader", 11);
	assert_int_equal(mkdir(new_path, 0700), 0);
	assert_int_equal(file_try_replace(scratch.path), -EISDIR);
	assert_int_equal(file_replace(scratch.path, "one", 3, 0600), -EISDIR);
	assert_content(scratch.path, "old");
	assert_int_equal(rmdir(new_path), 0);
	for (int kind = 0; kind < 2; kind++) {
		assert_int_equal(kind == 0 ? symlink(target, new_path) : mkfifo(new_path, 0600), 0);
		assert_int_equal(file_replace(scratch.path, "one", 3, 0600), 0);
		assert_content(scratch.path, "one");
		assert_content(target, "dear reader");
	}
}

/* A link in the place of the file itself is replaced, and what it leads to is left alone. */
static void a_link_is_replaced(void **state)
{
	struct stat st;

	(void)state;
	scratch_write(target, "dear reader", 11);
	assert_int_equal(symlink(target, scratch.path), 0);
	assert_int_equal(file_replace(scratch.path, "one", 3, 0600), 0);
	assert_int_equal(lstat(scratch.path, &st), 0);
	assert_true(S_ISREG(st.st_mode));
	assert_content(target, "dear reader");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_no_regular_file_is_refused_at_once),
		TEST(a_link_is_followed_unless_that_is_not_wanted),
		TEST(a_file_is_made_and_replaced),
		TEST(what_a_killed_process_left_is_no_obstacle),
		TEST(nothing_else_is_written_through),
		TEST(a_link_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
