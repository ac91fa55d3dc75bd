/* SPDX-License-Identifier: BSD-3-Clause */
#include "server/process.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "os/files.h"
#include "os/log.h"
#include "os/privileges.h"

int process_find_user(const char *name, struct process_user *out)
{
	const struct passwd *pw = getpwnam(name);

	if (!pw) {
		log_error("there is no user '%s'", name);
		return -ENOENT;
	}
	*out = (struct process_user){ .uid = pw->pw_uid, .gid = pw->pw_gid };
	return 0;
}

static int change_user(const struct process_user *user, bool keep_clock)
{
	int rc = keep_clock ? privileges_survive(true) : 0;

	if (rc == 0 && (setgroups(0, NULL) < 0 || setgid(user->gid) < 0 || setuid(user->uid) < 0)) {
		rc = -errno;
	}
	if (rc == 0 && keep_clock) {
		rc = privileges_keep_clock();
	}
	if (keep_clock) {
		(void)privileges_survive(false);
	}
	return rc;
}

int process_become(const char *name, const struct process_user *user, bool keep_clock)
{
	const int rc = change_user(user, keep_clock);

	if (rc != 0) {
		log_error("cannot become user '%s': %s (only root can)", name, strerror(-rc));
	}
	return rc;
}

void process_add_end_signals(sigset_t *set)
{
	static const int ends[] = { SIGTERM, SIGINT,  SIGQUIT,   SIGUSR2, SIGALRM,
				    SIGXCPU, SIGPROF, SIGVTALRM, SIGPOLL, SIGPWR };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		sigaddset(set, ends[i]);
	}
}

/* Whether this process has a terminal that can be closed. */
static bool has_terminal(void)
{
	int fd = open("/dev/tty", O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0) {
		return false;
	}
	close(fd);
	return true;
}

/* A daemon in the background has no terminal, and is started by scripts that ignore the signal. */
static enum process_hangup hangup_of(bool background)
{
	struct sigaction hangup;

	if (background) {
		return HANGUP_RELOADS;
	}
	if (sigaction(SIGHUP, NULL, &hangup) == 0 && hangup.sa_handler == SIG_IGN) {
		return HANGUP_IGNORED;
	}
	return has_terminal() ? HANGUP_ENDS : HANGUP_RELOADS;
}

enum process_hangup process_set_signals(bool background)
{
	const enum process_hangup hangup = hangup_of(background);
	sigset_t set;

	signal(SIGXFSZ, SIG_IGN);
	sigemptyset(&set);
	process_add_end_signals(&set);
	sigaddset(&set, SIGUSR1);
	if (hangup != HANGUP_IGNORED) { /* once blocked it would come in spite of being ignored */
		sigaddset(&set, SIGHUP);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
	return hangup;
}

/*
 * Wait until the process in the background is ready or has ended, and end likewise. A signal to
 * this process is meant for the daemon and is passed on, also if it came before the daemon existed.
 */
static _Noreturn void wait_for(int ready, pid_t pid)
{
	struct pollfd fds[] = { { .fd = ready, .events = POLLIN }, { .events = POLLIN } };
	struct signalfd_siginfo got;
	sigset_t ends;
	char byte;

	sigemptyset(&ends);
	process_add_end_signals(&ends);
	fds[1].fd = signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK); /* or -1: there is none */
	while (poll(fds, 2, -1) >= 0 && fds[0].revents == 0) {
		if (read(fds[1].fd, &got, sizeof(got)) == sizeof(got)) {
			(void)kill(pid, (int)got.ssi_signo);
		}
	}
	_exit(read(ready, &byte, 1) == 1 ? EXIT_SUCCESS : EXIT_FAILURE);
}

int process_background(void)
{
	int ready[2];
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0) {
		return -errno;
	}
	pid = fork();
	if (pid < 0) {
		int rc = -errno;

		close(ready[0]);
		close(ready[1]);
		return rc;
	}
	if (pid > 0) {
		close(ready[1]);
		wait_for(ready[0], pid);
	}
	close(ready[0]);
	(void)setsid(); /* cannot fail: a new process leads no group */
	return ready[1];
}

int process_detach(int ready)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int rc = null < 0 ? -errno : 0;

	for (int fd = STDIN_FILENO; rc == 0 && fd <= STDERR_FILENO; fd++) {
		rc = dup2(null, fd) < 0 ? -errno : 0;
	}
	if (rc == 0 && write(ready, "", 1) != 1) {
		rc = -errno;
	}
	if (null > STDERR_FILENO) {
		close(null);
	}
	close(ready);
	return rc;
}

/* The workers of a killed daemon hold its lock until they have ended too, which is soon. */
#define LOCK_TRIES    50
#define LOCK_PAUSE_US 10000

static bool lock(int fd)
{
	for (int i = 0; i < LOCK_TRIES; i++) {
		if (flock(fd, LOCK_EX | LOCK_NB) == 0) {
			return true;
		}
		usleep(LOCK_PAUSE_US);
	}
	return false;
}

/* Whether a PID file may be written there: no other content is lost. */
static bool is_pid_file(int fd)
{
	char text[32];
	const ssize_t n = pread(fd, text, sizeof(text) - 1, 0);

	if (n < 0) {
		return false;
	}
	text[n] = '\0';
	return strspn(text, "0123456789\n") == (size_t)n && (size_t)n < sizeof(text) - 1;
}

int process_open_pid_file(const char *path)
{
	const int fd = file_open_regular(path, O_RDWR | O_CREAT | O_NOFOLLOW, 0644);

	if (fd < 0) {
		log_error("cannot open the PID file '%s': %s", path, file_error_text(fd));
		return fd;
	}
	if (!lock(fd)) {
		log_error("the PID file '%s' belongs to a timesyncd that is running", path);
		close(fd);
		return -EEXIST;
	}
	if (!is_pid_file(fd)) {
		log_error("'%s' is not a PID file: remove it, or name another one", path);
		close(fd);
		return -EEXIST;
	}
	return fd;
}

int process_write_pid(int fd)
{
	int rc = 0;

	if (ftruncate(fd, 0) < 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
		rc = -errno;
		log_error("cannot write the PID file: %s", strerror(-rc));
	}
	return rc;
}

void process_remove_pid_file(int fd, const char *path)
{
	if (unlink(path) < 0 && ftruncate(fd, 0) < 0) {
		log_warning("cannot remove the PID file '%s': %s", path, strerror(errno));
	}
	close(fd);
}
