/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/entropy.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

/* Where getrandom is missing or forbidden: the file does as well. */
static int read_device(void *out, size_t n)
{
	int fd = open("/dev/urandom", O_RDONLY | O_CLOEXEC);
	ssize_t got;
	int rc = 0;

	if (fd < 0) {
		return -errno;
	}
	got = read(fd, out, n);
	if (got != (ssize_t)n) {
		rc = got < 0 ? -errno : -EIO;
	}
	close(fd);
	return rc;
}

int entropy_fill(void *out, size_t n)
{
	ssize_t got;

	/* A request of this size is answered whole once the system is up, and waits until then. */
	do {
		got = getrandom(out, n, 0);
	} while (got < 0 && errno == EINTR);
	return got == (ssize_t)n ? 0 : read_device(out, n);
}
