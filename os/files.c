/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define NEW_SUFFIX ".new"

static int check_regular(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		return -EISDIR;
	}
	return S_ISREG(st.st_mode) ? 0 : -EMEDIUMTYPE;
}

int file_open_regular(const char *path, int flags, mode_t mode)
{
	const int fd = open(path, flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY, mode);
	int rc;

	if (fd < 0) { /* ENXIO: a FIFO that nobody reads, or a socket */
		return errno == ENXIO ? -EMEDIUMTYPE : -errno;
	}
	rc = check_regular(fd);
	if (rc != 0) {
		close(fd);
		return rc;
	}
	return fd;
}

/* Make the file that will replace `path`. Its descriptor, or -errno. */
static int open_new(const char *path, char new_path[PATH_MAX], mode_t mode)
{
	const int n = snprintf(new_path, PATH_MAX, "%s" NEW_SUFFIX, path);
	int fd;

	if (n < 0 || n >= PATH_MAX) {
		return -ENAMETOOLONG;
	}
	/* A killed process's file; or a link or FIFO, which opening would follow or wait for. */
	if (unlink(new_path) < 0 && errno != ENOENT) {
		return -errno;
	}
	fd = open(new_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK,
		  mode);
	return fd < 0 ? -errno : fd;
}

static int write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		const ssize_t done = write(fd, bytes, n);

		if (done < 0 && errno != EINTR) {
			return -errno;
		}
		bytes += done > 0 ? done : 0;
		n -= done > 0 ? (size_t)done : 0;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

/* Make the directory's new entry durable too. */
static int sync_directory(const char *path)
{
	char *copy = strdup(path);
	const int fd = copy ? open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	const int rc = fd < 0 || fsync(fd) < 0 ? -errno : 0;

	if (fd >= 0) {
		close(fd);
	}
	free(copy);
	return rc;
}

int file_replace(const char *path, const void *bytes, size_t n, mode_t mode)
{
	char new_path[PATH_MAX];
	const int fd = open_new(path, new_path, mode);
	int rc;

	if (fd < 0) {
		return fd;
	}
	rc = fchmod(fd, mode) == 0 ? write_all(fd, bytes, n) : -errno;
	if (close(fd) < 0 && rc == 0) {
		rc = -errno;
	}
	if (rc == 0 && rename(new_path, path) < 0) {
		rc = -errno;
	}
	if (rc != 0) {
		(void)unlink(new_path);
		return rc;
	}
	return sync_directory(path);
}

int file_try_replace(const char *path)
{
	char new_path[PATH_MAX];
	const int fd = open_new(path, new_path, 0600);

	if (fd < 0) {
		return fd;
	}
	close(fd);
	return unlink(new_path) < 0 ? -errno : 0;
}

const char *file_error_text(int error)
{
	switch (error < 0 ? -error : error) {
	case EMEDIUMTYPE:
		return "it is not a regular file, but a FIFO, a socket or a device";
	case EBADMSG:
		return "the file has been cut off or damaged";
	case ELOOP:
		return "it is a symbolic link, which is not followed here";
	case EMLINK:
		return "it has a second name, by a hard link";
	default:
		return strerror(error < 0 ? -error : error);
	}
}
