/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/bounded.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

/* Run all on the memory that is shared with them; `pids` has room for their ids. */
static int run(char *shared, size_t n, size_t size, pid_t *pids, bounded_fn *fn, void *context,
	       struct clock *clock, struct mono deadline)
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
		rc = clock_wait(clock, ends[0], POLLIN, deadline);
	}
	end(pids, started);
	close(ends[0]);
	return rc == -ETIMEDOUT ? 0 : rc;
}

int bounded_run(void *records, size_t n, size_t size, bounded_fn *fn, void *context,
		struct clock *clock, dur_ns limit)
{
	const struct mono deadline = mono_add(clock_mono(clock), limit);
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
		rc = run(shared, n, size, pids, fn, context, clock, deadline);
		memcpy(records, shared, n * size);
		munmap(shared, n * size);
	}
	free(pids);
	return rc;
}
