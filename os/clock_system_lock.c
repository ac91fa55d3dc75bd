/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_system_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define WRITERS_AT 0
#define KEEPER_AT  1

#define TEXT_MAX 96

static struct flock at(off_t start, short type)
{
	return (struct flock){
		.l_type = type,
		.l_whence = SEEK_SET,
		.l_start = start,
		.l_len = 1,
	};
}

/* A file of root, our own, or that of the user who got it from root, as /run is root's. */
static bool is_private(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
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

/* The content of the file: "KIND PID FREQUENCY SLEW", the last two from the note. */
struct content {
	struct clock_keeper keeper;
	struct clock_system_note note;
};

static void write_content(int fd, const struct content *is)
{
	char text[TEXT_MAX];
	const int n = snprintf(text, sizeof(text), "%d %ld %" PRId64 " %" PRId64 "\n",
			       (int)is->keeper.kind, is->keeper.pid, is->note.frequency_ppb,
			       is->note.slew_ppb);

	/* Without it others are told that it is another program. */
	if (pwrite(fd, text, (size_t)n, 0) == n) {
		(void)!ftruncate(fd, n);
	}
}

static void read_content(int fd, struct content *out)
{
	char text[TEXT_MAX] = "";
	char *end;
	long kind;

	*out = (struct content){ .keeper.kind = CLOCK_KEEPER_OTHER };
	if (pread(fd, text, sizeof(text) - 1, 0) <= 0) {
		return;
	}
	kind = strtol(text, &end, 10);
	if (end != text && kind >= 0 && kind < CLOCK_KEEPER_OTHER) {
		out->keeper.kind = (enum clock_keeper_kind)kind;
	}
	out->keeper.pid = strtol(end, &end, 10);
	out->note.frequency_ppb = strtoll(end, &end, 10);
	out->note.slew_ppb = strtoll(end, NULL, 10);
}

/* The next keeper: what the last one has noted stays. */
static void write_keeper(int fd, enum clock_keeper_kind as)
{
	struct content is;

	read_content(fd, &is);
	is.keeper = (struct clock_keeper){ .kind = as, .pid = (long)getpid() };
	write_content(fd, &is);
}

static void read_keeper(int fd, struct clock_keeper *out)
{
	struct content is;

	read_content(fd, &is);
	*out = is.keeper;
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

int clock_system_lock_give(uid_t uid, gid_t gid)
{
	const int fd = open_lock(O_CREAT);
	const int rc = fd < 0 ? -ENOENT : fchown(fd, uid, gid) < 0 ? -errno : 0;

	clock_system_unlock(fd);
	return rc;
}

bool clock_system_lock_was_kept(void)
{
	const int fd = open_lock(0);
	struct content is = { .keeper.kind = CLOCK_KEEPER_OTHER };

	if (fd >= 0) {
		read_content(fd, &is);
		close(fd);
	}
	return is.keeper.kind != CLOCK_KEEPER_OTHER;
}

void clock_system_lock_note(const struct clock_system_note *note)
{
	const int fd = open_lock(0);
	struct content is;

	if (fd < 0) {
		return;
	}
	read_content(fd, &is);
	if (is.keeper.pid == (long)getpid()) {
		is.note = *note;
		write_content(fd, &is);
	}
	close(fd);
}

bool clock_system_lock_noted(struct clock_system_note *out)
{
	const int fd = open_lock(0);
	struct content is;

	if (fd < 0) {
		return false;
	}
	read_content(fd, &is);
	close(fd);
	*out = is.note;
	return out->slew_ppb != 0;
}
