/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guardian: of a group that keeps the system clock, the one process besides the agent that
 * keeps the privilege to set it. It does nothing but start the agent, and another one when that
 * dies, because the supervisor has given the privilege up.
 */
#ifndef SERVER_GUARDIAN_H
#define SERVER_GUARDIAN_H

#include <stdbool.h>

#include "group/agent/base.h"

/*
 * Start the agent as soon as `go` can be read, and keep one running until SIGTERM. SIGHUP has
 * `renew` read again what the agent uses; if that is another, the agent is ended and started again.
 * The process's exit status.
 */
int guardian_run(struct group_base *group, int go, bool (*renew)(void *arg), void *arg);

#endif
