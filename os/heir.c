/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/heir.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "os/clock_keeping.h"

#define MANY 1024

/* All but the standard ones and `end`: a lock on the clock ends with its last descriptor. */
static void close_others(int end)
{
	if (dup2(end, STDERR_FILENO + 1) < 0) {
		_exit(EXIT_FAILURE);
	}
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)STDERR_FILENO + 2, UINT_MAX, 0) == 0) {
		return;
	}
#endif
	for (int fd = STDERR_FILENO + 2; fd < MANY; fd++) {
		close(fd);
	}
}

/* A signal that ends the other process in order, such as Ctrl-C, does not end this one first. */
static _Noreturn void wait_and_end_slew(struct clock *clock, int end)
{
	sigset_t all;
	char word;

	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, NULL);
	close_others(end);
	while (read(STDERR_FILENO + 1, &word, 1) < 0 && errno == EINTR) {
	}
	(void)clock_keeping_end_slew(clock);
	_exit(EXIT_SUCCESS);
}

bool heir_appoint(struct clock *clock)
{
	int ends[2], status;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return false;
	}
	pid = fork();
	if (pid == 0) {
		pid = fork(); /* nobody's child to wait for */
		if (pid == 0) {
			wait_and_end_slew(clock, ends[0]);
		}
		_exit(pid > 0 ? EXIT_SUCCESS : EXIT_FAILURE);
	}
	close(ends[0]);
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR) {
	}
	if (pid < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != EXIT_SUCCESS) {
		close(ends[1]);
		return false;
	}
	return true; /* the other end stays open as long as this process lives */
}
