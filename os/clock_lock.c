/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#define WRITERS_AT 0
#define KEEPER_AT  (INT64_C(1) << 32)

/* One that ends just as it is looked at has gone at the next try. */
#define KEEP_TRIES 3

static struct flock at(int64_t start, int64_t length, short type)
{
	return (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = length,
	};
}

int clock_lock_writers(int fd)
{
	struct flock lock = at(WRITERS_AT, 1, F_WRLCK);

	while (fcntl(fd, F_SETLKW, &lock) < 0) {
		if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}

void clock_unlock_writers(int fd)
{
	struct flock lock = at(WRITERS_AT, 1, F_UNLCK);

	(void)fcntl(fd, F_SETLK, &lock); /* cannot fail: the lock is ours */
}

bool clock_lock_kept(int fd, struct clock_keeper *by)
{
	struct flock lock = at(KEEPER_AT, 1, F_WRLCK);

	if (fcntl(fd, F_GETLK, &lock) < 0 || lock.l_type == F_UNLCK) {
		return false;
	}
	*by = (struct clock_keeper){ .kind = CLOCK_KEEPER_OTHER };
	if (lock.l_start == KEEPER_AT && lock.l_len >= 1 && lock.l_len <= CLOCK_KEEPER_OTHER) {
		by->kind = (enum clock_keeper_kind)(lock.l_len - 1);
	}
	by->pid = lock.l_pid > 0 ? lock.l_pid : 0;
	return true;
}

int clock_lock_keep(int fd, enum clock_keeper_kind as, struct clock_keeper *other)
{
	struct flock lock = at(KEEPER_AT, 1 + (int64_t)as, F_WRLCK);

	for (int i = 0; i < KEEP_TRIES; i++) {
		if (fcntl(fd, F_SETLK, &lock) == 0) {
			return 0;
		}
		if (errno != EAGAIN && errno != EACCES) {
			return -errno;
		}
		if (clock_lock_kept(fd, other)) {
			return -EBUSY;
		}
	}
	*other = (struct clock_keeper){ .kind = CLOCK_KEEPER_OTHER };
	return -EBUSY;
}
