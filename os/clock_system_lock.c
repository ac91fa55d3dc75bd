/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_system_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITERS_AT 0
#define KEEPER_AT  1

#define TEXT_MAX 64

static struct flock at(off_t start, short type)
{
	return (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = 1,
	};
}

/* A file of root's or our own, which nobody else can hold a lock of. */
static bool is_private(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	       (st.st_uid == 0 || st.st_uid == geteuid()) &&
	       (st.st_mode & (S_IRWXG | S_IRWXO)) == 0;
}

static int open_lock(int flags)
{
	const int fd = open(CLOCK_SYSTEM_LOCK,
			    O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | flags, 0600);

	if (fd >= 0 && !is_private(fd)) {
		close(fd);
		return -1;
	}
	return fd;
}

int clock_system_lock(void)
{
	const int fd = open_lock(O_CREAT);
	struct flock lock = at(WRITERS_AT, F_WRLCK);

	while (fd >= 0 && fcntl(fd, F_OFD_SETLKW, &lock) < 0) {
		if (errno != EINTR) {
			close(fd);
			return -1;
		}
	}
	return fd;
}

void clock_system_unlock(int fd)
{
	if (fd >= 0) {
		close(fd);
	}
}

static void write_keeper(int fd, enum clock_keeper_kind as)
{
	char text[TEXT_MAX];
	const int n = snprintf(text, sizeof(text), "%d %ld\n", (int)as, (long)getpid());

	/* Without it others are told that it is another program. */
	if (ftruncate(fd, 0) == 0) {
		(void)!pwrite(fd, text, (size_t)n, 0);
	}
}

static void read_keeper(int fd, struct clock_keeper *out)
{
	char text[TEXT_MAX] = "";
	char *end;
	long kind;

	*out = (struct clock_keeper){ .kind = CLOCK_KEEPER_OTHER };
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		return;
	}
	kind = strtol(text, &end, 10);
	if (end != text && kind >= 0 && kind < CLOCK_KEEPER_OTHER) {
		out->kind = (enum clock_keeper_kind)kind;
	}
	out->pid = strtol(end, NULL, 10);
}

int clock_system_lock_keep(enum clock_keeper_kind as, struct clock_keeper *other)
{
	const int fd = open_lock(O_CREAT);
	struct flock lock = at(KEEPER_AT, F_WRLCK);

	if (fd < 0) {
		return 0;
	}
	if (fcntl(fd, F_OFD_SETLK, &lock) == 0) {
		write_keeper(fd, as);
		return 0; /* it stays open as long as the process lives */
	}
	if (errno != EAGAIN && errno != EACCES) {
		close(fd);
		return 0;
	}
	read_keeper(fd, other);
	close(fd);
	return -EBUSY;
}

bool clock_system_lock_kept(struct clock_keeper *by)
{
	const int fd = open_lock(0);
	struct flock lock = at(KEEPER_AT, F_WRLCK);
	bool kept;

	if (fd < 0) {
		return false;
	}
	kept = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (kept) {
		read_keeper(fd, by);
		kept = by->pid != (long)getpid();
	}
	close(fd);
	return kept;
}
