/* SPDX-License-Identifier: BSD-3-Clause */
/* Commands to a relay that runs, one a line on standard input, each answered on standard output. */
#ifndef LAB_SUPPORT_RELAY_CONTROL_H
#define LAB_SUPPORT_RELAY_CONTROL_H

#include "lab/support/relay_clients.h"

#define RELAY_COMMAND_MAX 4096 /* octets of a line */

/* The part of a command that was read so far. Zero at first. */
struct relay_control {
	size_t len;
	char text[RELAY_COMMAND_MAX];
};

/*
 * Read what waits on standard input, which is readable, and carry out the commands in it. False
 * when there will be no more, or nobody reads the answers.
 */
bool relay_control_serve(struct relay_control *c, struct relay *r);

/* Print what became of the datagrams so far, five lines. */
void relay_control_report(const struct relay *r);

#endif
