/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_sink.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "os/exit_status.h"
#include "track/track_say.h"

/*
 * Check the file to append to. -EMEDIUMTYPE if it is not a log; else 0, and whether its last line
 * was cut off, as a kill does.
 */
static int look_at(const char *path, bool *torn)
{
	const int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	char first = '{', last = '\n';
	struct stat st;

	if (fd >= 0) {
		if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0) {
			(void)!pread(fd, &first, 1, 0);
			(void)!pread(fd, &last, 1, st.st_size - 1);
		}
		close(fd);
	}
	*torn = last != '\n';
	return first == '{' ? 0 : -EMEDIUMTYPE;
}

/* A FIFO that nobody reads, or that is full, is a failure like any other: it is not waited for. */
static int open_log(const char *path, bool *torn)
{
	const int rc = look_at(path, torn);
	int fd;

	if (rc != 0) {
		return rc;
	}
	fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666);
	return fd < 0 ? -errno : fd;
}

/* Take note that it cannot be written, or, with 0, that it can. */
static void note(struct track_sink *s, int error)
{
	if (error != 0 && error != s->complained) {
		track_complain(s->program, "%s: %s; %s, but the log is incomplete", s->path,
			       strerror(-error), s->goes_on);
	} else if (error == 0 && s->missing > 0) {
		track_complain(s->program, "%s: is written again; %zu poll%s missing", s->path,
			       s->missing, s->missing == 1 ? " is" : "s are");
		s->missing = 0;
	}
	s->complained = error;
}

int track_sink_open(struct track_sink *s, const char *program, const char *goes_on,
		    const char *path)
{
	*s = (struct track_sink){ .program = program, .goes_on = goes_on, .path = path, .fd = -1 };
	if (!path) {
		return STATUS_DONE;
	}
	s->fd = open_log(path, &s->torn);
	if (s->fd == -EMEDIUMTYPE) {
		track_complain(program, "'%s' is not a log of %s: name another file", path,
			       program ? program : "timesync track");
		return STATUS_USAGE;
	}
	if (s->fd == -EISDIR) {
		track_complain(program, "'%s' is a directory: name a file", path);
		return STATUS_USAGE;
	}
	note(s, s->fd < 0 ? s->fd : 0);
	return STATUS_DONE;
}

void track_sink_reopen(struct track_sink *s)
{
	bool torn = false;
	const int fd = s->path ? open_log(s->path, &torn) : -1;

	if (fd >= 0) {
		track_sink_close(s);
		s->fd = fd;
		s->torn = torn;
	} else if (s->path) {
		track_complain(s->program, "%s: cannot be reopened: %s", s->path,
			       fd == -EMEDIUMTYPE ? "it is another kind of file" : strerror(-fd));
	}
}

/* Remove a partly written line, if the output is a file, so that no half line remains. */
static void take_back(struct track_sink *s, size_t written)
{
	struct stat st;

	s->torn = fstat(s->fd, &st) < 0 || !S_ISREG(st.st_mode) ||
		  ftruncate(s->fd, st.st_size - (off_t)written) < 0;
}

/* Append a line by one write, so that those of several processes do not mix. 0 or -errno. */
static int append(struct track_sink *s, const char *line)
{
	static const char end[] = "\n";
	const struct iovec parts[] = {
		{ (void *)(uintptr_t)end, s->torn ? 1 : 0 },
		{ (void *)(uintptr_t)line, strlen(line) },
		{ (void *)(uintptr_t)end, 1 },
	};
	const size_t len = parts[0].iov_len + parts[1].iov_len + parts[2].iov_len;
	const ssize_t n = writev(s->fd, parts, 3);

	if (n < 0) {
		return -errno;
	}
	if ((size_t)n < len) {
		take_back(s, (size_t)n);
		return -ENOSPC;
	}
	s->torn = false;
	return 0;
}

void track_sink_write(struct track_sink *s, const char *line)
{
	int rc = 0;

	if (!s->path) {
		return;
	}
	if (s->fd < 0) {
		s->fd = open_log(s->path, &s->torn);
		rc = s->fd < 0 ? s->fd : 0;
	}
	if (rc == 0) {
		rc = append(s, line);
	}
	if (rc != 0) {
		s->lost++;
		s->missing++;
	}
	note(s, rc);
}

void track_sink_close(struct track_sink *s)
{
	if (s->fd >= 0) {
		close(s->fd);
	}
	s->fd = -1;
}
