/* SPDX-License-Identifier: BSD-3-Clause */
#include "track/track_signals.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * All signals that end a process by default, except those that report a fault in it, and SIGPIPE
 * and SIGXFSZ, as a failed write reports the same.
 */
static void fill(sigset_t *set)
{
	static const int signals[] = { SIGTERM,   SIGINT,  SIGQUIT, SIGUSR1,   SIGUSR2, SIGALRM,
				       SIGVTALRM, SIGPROF, SIGIO,   SIGSTKFLT, SIGPWR,  SIGXCPU };

	sigemptyset(set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(set, signals[i]);
	}
	for (int signo = SIGRTMIN; signo <= SIGRTMAX; signo++) {
		sigaddset(set, signo);
	}
}

int track_signals_open(struct track_signals *s)
{
	struct sigaction hangup = { .sa_handler = SIG_DFL };
	sigset_t ends, all;

	(void)sigaction(SIGHUP, NULL, &hangup);
	s->ignored = hangup.sa_handler == SIG_IGN;
	fill(&ends);
	all = ends;
	sigaddset(&all, SIGHUP);
	sigprocmask(SIG_BLOCK, &all, NULL);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	s->any = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);
	s->end = s->any < 0 ? -1 : signalfd(-1, &ends, SFD_CLOEXEC | SFD_NONBLOCK);
	return s->end < 0 ? -errno : 0;
}

/* Whether a standard stream is a terminal that nobody sits at any more. */
static bool terminal_has_gone(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		struct pollfd p = { .fd = fd };
		struct stat st;

		if (fstat(fd, &st) == 0 && S_ISCHR(st.st_mode) && poll(&p, 1, 0) == 1 &&
		    p.revents & POLLHUP) {
			return true;
		}
	}
	return false;
}

struct track_signals_taken track_signals_take(const struct track_signals *s)
{
	struct track_signals_taken taken = { .end = 0 };
	struct signalfd_siginfo info;

	while (read(s->any, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo == SIGHUP) {
			taken.reopen = true;
		} else if (taken.end == 0) {
			taken.end = (int)info.ssi_signo;
		}
	}
	taken.deserted = taken.reopen && !s->ignored && terminal_has_gone();
	return taken;
}

bool track_signals_pending(const struct track_signals *s)
{
	struct pollfd p = { .fd = s->end, .events = POLLIN };

	return poll(&p, 1, 0) == 1;
}

void track_signals_close(struct track_signals *s)
{
	if (s->any >= 0) {
		close(s->any);
	}
	if (s->end >= 0) {
		close(s->end);
	}
}
