/*
 * What makes a process a daemon: a user of its own, the background, a PID file.
 */
#ifndef SERVER_PROCESS_H
#define SERVER_PROCESS_H

#include <signal.h>

/*
 * Become that user for good, whose `directory` is from then on, so that sockets can be removed from
 * it at the end; null: none. 0, or -errno after logging.
 */
int process_become(const char *user, const char *directory);

/*
 * Add the signals that end the daemon: SIGTERM, SIGINT and, unless whoever started it has it
 * ignored, SIGHUP, which comes when its terminal is closed.
 */
void process_add_end_signals(sigset_t *set);

/*
 * Keep the signals that are meant for the supervisor's loop waiting from now on, until it takes
 * them: none may end the daemon between its registration and the loop that withdraws it. Ignore
 * SIGPIPE: whoever read the log may leave.
 */
void process_set_signals(void);

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
 * daemon uses it; then, once the process is what it will be, write it. The descriptor or 0, or
 * -errno after logging. A file that has something else in it is left as it is.
 */
int process_open_pid_file(const char *path);
int process_write_pid(int fd);

/* Remove the PID file, or empty it where this user may no longer remove it. */
void process_remove_pid_file(int fd, const char *path);

#endif
