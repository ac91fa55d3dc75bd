/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_file_map.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/mapped.h"

static const char *why_not_opened(int error, bool writable)
{
	switch (error) {
	case ENOENT:
		return "there is no such file; create one with 'timesync clock create'";
	case EACCES:
		return writable ? "this user may not adjust the clock file; ask its owner"
				: "this user may not read the clock file; ask its owner";
	case EROFS:
		return "the clock file is on a read-only file system, so it cannot be adjusted";
	case EISDIR:
		return "this is a directory; name a clock file in it";
	case ENAMETOOLONG:
		return "this name is too long for a file";
	case ENOTDIR:
		return "a part of this path is a file, not a directory";
	default:
		return "the clock file cannot be opened";
	}
}

static int open_file(const char *path, bool writable, const char **why)
{
	/* Non-blocking, in case it is a FIFO. */
	int flags = (writable ? O_RDWR : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
	int fd = open(path, flags);
	int error = errno;

	if (fd < 0) {
		*why = why_not_opened(error, writable);
		return -error;
	}
	return fd;
}

/* Everything that can be checked before mapping. */
static int check_file(int fd, const char **why)
{
	struct clock_file_header header = { 0 };
	struct stat st;

	*why = "the clock file cannot be read";
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		*why = why_not_opened(EISDIR, false);
		return -EISDIR;
	}
	if (!S_ISREG(st.st_mode)) {
		*why = "this is not a regular file; name a clock file";
		return -EMEDIUMTYPE;
	}
	if (pread(fd, &header, sizeof(header), 0) < 0) {
		return -errno;
	}
	return clock_file_check_header(&header, (uint64_t)st.st_size, why);
}

void clock_file_unmap(struct clock_file_image *image)
{
	mapped_let_go(image);
	munmap(image, sizeof(*image));
}

static int map_image(int fd, bool writable, struct clock_file_image **image, const char **why)
{
	int protection = PROT_READ | (writable ? PROT_WRITE : 0);
	void *start = mmap(NULL, sizeof(**image), protection, MAP_SHARED, fd, 0);
	int err;

	if (start == MAP_FAILED) {
		*why = "the clock file cannot be mapped into memory";
		return -errno;
	}
	*why = "there are too many clock files in use";
	err = mapped_guard(start, sizeof(**image));
	if (!err) { /* the old version is shorter: the rest is ignored */
		err = clock_file_check_state(start, why);
	}
	if (err) {
		clock_file_unmap(start);
		return err;
	}
	*image = start;
	return 0;
}

int clock_file_map(const char *path, bool writable, struct clock_file_image **image, int *fd,
		   const char **why)
{
	int opened = open_file(path, writable, why);
	int err;

	if (opened < 0) {
		return opened;
	}
	err = check_file(opened, why);
	if (!err) {
		err = map_image(opened, writable, image, why);
	}
	if (err || !writable) {
		close(opened);
		opened = -1;
	}
	if (!err) {
		*fd = opened;
		*why = NULL;
	}
	return err;
}
