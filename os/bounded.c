/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Call the function in a process of its own. Its id or -errno. */
static pid_t start(bounded_fn *fn, void *record, void *context)
{
	const pid_t parent = getpid();
	const pid_t pid = fork();

	if (pid != 0) {
		return pid < 0 ? -errno : pid;
	}
	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() == parent) {
		fn(record, context);
	}
	_exit(0);
}

static void end(const pid_t *pids, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		(void)kill(pids[i], SIGKILL);
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR) {
		}
	}
}

static bool is_readable(int fd)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, 0) > 0;
}

static int watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

/* Until that descriptor has ended, the limit is reached, or it is cancelled. 0 or -errno. */
static int wait_for_end(int fd, const struct bounded *how, struct mono deadline)
{
	const int epoll = epoll_create1(EPOLL_CLOEXEC); /* a clock waits for one descriptor */
	const bool cancellable = how->cancel_fd > 0;
	int rc = epoll < 0 ? -errno : watch(epoll, fd);

	if (rc == 0 && cancellable) {
		rc = watch(epoll, how->cancel_fd);
	}
	if (rc == 0) {
		rc = clock_wait(how->clock, epoll, POLLIN, deadline);
	}
	if (epoll >= 0) {
		close(epoll);
	}
	if (rc == 0 && cancellable && !is_readable(fd)) {
		return -ECANCELED;
	}
	return rc == -ETIMEDOUT ? 0 : rc;
}

/* Run all on the memory that is shared with them; `pids` has room for their ids. */
static int run(char *shared, size_t n, size_t size, pid_t *pids, bounded_fn *fn, void *context,
	       const struct bounded *how, struct mono deadline)
{
	size_t started = 0;
	int rc = 0;
	int ends[2]; /* all children inherit the second, so that all have ended when it is closed
		      */

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	while (started < n && rc == 0) {
		const pid_t pid = start(fn, shared + started * size, context);

		if (pid < 0) {
			rc = (int)pid;
		} else {
			pids[started++] = pid;
		}
	}
	close(ends[1]);
	if (rc == 0) {
		rc = wait_for_end(ends[0], how, deadline);
	}
	end(pids, started);
	close(ends[0]);
	return rc;
}

int bounded_run(void *records, size_t n, size_t size, bounded_fn *fn, void *context,
		const struct bounded *how)
{
	const struct mono deadline = mono_add(clock_mono(how->clock), how->limit);
	pid_t *pids;
	char *shared;
	int rc;

	if (n == 0) {
		return 0;
	}
	pids = calloc(n, sizeof(*pids));
	if (!pids) {
		return -ENOMEM;
	}
	shared = mmap(NULL, n * size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (shared == MAP_FAILED) {
		rc = -errno;
	} else {
		memcpy(shared, records, n * size);
		rc = run(shared, n, size, pids, fn, context, how, deadline);
		memcpy(records, shared, n * size);
		munmap(shared, n * size);
	}
	free(pids);
	return rc;
}
