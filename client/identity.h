/*
 * Which of several servers are one, and which is this machine's own.
 *
 * A server has one vote, however many names and addresses lead to it. Two jobs are about the same
 * server if address and port are the same, or the ports are and both addresses are this machine's.
 *
 * A daemon that serves the very clock that is being measured can only say that it is right: it has
 * no vote. It is recognised by its socket: a timesyncd of this machine has it, and it serves the
 * clock file in question, or the system clock. What only passes calls on to another machine, or
 * serves another clock file, is a server like any other.
 */
#ifndef CLIENT_IDENTITY_H
#define CLIENT_IDENTITY_H

#include "client/measure_all.h"

/*
 * Set same_as and is_self of the jobs, which have been measured, or have failed. The clock of the
 * options was measured; it is that of options->clock_file, or the system's.
 */
void identity_mark(struct measure_job *jobs, size_t n, const struct measure_options *options);

/*
 * Whether a timesyncd of this machine that has the server's port serves that clock file; null: any
 * clock at all. False as well if this process may not look.
 */
bool identity_serves(const struct address *server, int socktype, const char *clock_file);

#endif
