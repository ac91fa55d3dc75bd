/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes a process a daemon: its user, the background, the PID file. */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* The user that the daemon is to become. */
struct process_user {
	uid_t uid;
	gid_t gid;
};

/* 0, or -errno after logging. */
int process_find_user(const char *name, struct process_user *out);

/*
 * Become that user for good, with no privilege but, if `keep_clock`, that to set the system clock.
 * 0, or -errno after logging.
 */
int process_become(const char *name, const struct process_user *user, bool keep_clock);

/*
 * Add the signals that end the daemon in good order: all signals that would end it otherwise,
 * except those caused by its own faults, and SIGHUP.
 */
void process_add_end_signals(sigset_t *set);

enum process_hangup {
	HANGUP_ENDS,    /* its terminal can be closed */
	HANGUP_RELOADS, /* it has none */
	HANGUP_IGNORED, /* as nohup(1) has it */
};

/*
 * Block the signals for the supervisor's loop from now on, until it takes them: none may end the
 * daemon between its registration and the loop that withdraws it. Ignore SIGPIPE, as the reader of
 * the log may exit. The meaning of SIGHUP.
 */
enum process_hangup process_set_signals(bool background);

/*
 * Go on in the background, in a session of its own and the same directory. The calling process
 * waits until process_detach or the end of the one that goes on, and then ends, with success only
 * in the first case. The descriptor for process_detach, or -errno.
 */
int process_background(void);

/* All is well: leave the terminal, and let the process that was called end. 0 or -errno. */
int process_detach(int ready);

/*
 * Open a PID file and lock it for as long as this process and its children live, so that no second
 * daemon uses it; write it later, when the process is the daemon. The descriptor or 0, or -errno
 * after logging. A file with other contents is left alone.
 */
int process_open_pid_file(const char *path);
int process_write_pid(int fd);

/* Remove the PID file, or empty it where this user may no longer remove it. */
void process_remove_pid_file(int fd, const char *path);

#endif
