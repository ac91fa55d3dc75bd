/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "os/clock_file_format.h"
#include "os/clock_system.h"

#ifndef RENAME_NOREPLACE /* a C library without renameat2, such as musl 1.2.5 */
#include <linux/fs.h>
#include <sys/syscall.h>

static int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
	return (int)syscall(SYS_renameat2, from_at, from, to_at, to, flags);
}
#endif

#define TRIES 100 /* names left behind by killed processes of the same id */

static int first_line(struct clock_line *line, dur_ns offset, int64_t drift_ppb)
{
	ts_ns real = clock_now(clock_system());

	if (!clock_can_add(real, offset)) {
		return -ERANGE;
	}
	*line = (struct clock_line){
		.base_real = real,
		.base_value = real + offset,
		.drift_ppb = drift_ppb,
	};
	return clock_line_valid(line) ? 0 : -ERANGE;
}

/* Open a new file beside `path` and put its name into `name`. Its descriptor or -errno. */
static int open_temporary(const char *path, char *name, size_t size)
{
	const char *slash = strrchr(path, '/');
	int directory = slash ? (int)(slash - path) + 1 : 0;

	for (int i = 0; i < TRIES; i++) {
		int length = snprintf(name, size, "%.*s.timesync-clock-%ld-%d", directory, path,
				      (long)getpid(), i);
		int fd;

		if (length < 0 || (size_t)length >= size) {
			return -ENAMETOOLONG;
		}
		fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		if (fd >= 0) {
			return fd;
		}
		if (errno != EEXIST) {
			return -errno;
		}
	}
	return -EBUSY;
}

static int write_image(int fd, const struct clock_file_image *image)
{
	ssize_t written = write(fd, image, sizeof(*image));

	if (written < 0) {
		return -errno;
	}
	return (size_t)written == sizeof(*image) ? 0 : -ENOSPC;
}

/* Whether the file system, the kernel or a sandbox lacks the call that failed so. */
static bool is_lacking(int err)
{
	return err == -EPERM || err == -EOPNOTSUPP || err == -ENOSYS || err == -EINVAL;
}

/* Make the file in its place: a program that opens it meanwhile may find a part of it. */
static int write_there(const char *path, const struct clock_file_image *image)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	int err;

	if (fd < 0) {
		return -errno;
	}
	err = write_image(fd, image);
	if (err) {
		unlink(path);
	}
	close(fd);
	return err;
}

/* Give the complete file its name, which must be new. Unlike rename, link replaces nothing.
 */
static int name_it(const char *temporary, const char *path, const struct clock_file_image *image)
{
	int err = link(temporary, path) < 0 ? -errno : 0;

	if (is_lacking(err)) { /* no hard links, as on vfat */
		err = renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) < 0 ? -errno
											   : 0;
	}
	return is_lacking(err) ? write_there(path, image) : err;
}

int clock_file_create(const char *path, dur_ns offset, int64_t drift_ppb)
{
	struct clock_file_image image;
	struct clock_line line;
	char temporary[PATH_MAX];
	int err = first_line(&line, offset, drift_ppb);
	int fd;

	if (err) {
		return err;
	}
	if (path[0] == '\0') {
		return -ENOENT; /* and independent of the current directory */
	}
	clock_file_format(&image, &line);
	fd = open_temporary(path, temporary, sizeof(temporary));
	if (fd < 0) {
		return fd;
	}
	err = write_image(fd, &image);
	if (!err) {
		err = name_it(temporary, path, &image);
	}
	unlink(temporary);
	close(fd);
	return err;
}
