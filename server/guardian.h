/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guardian: of a daemon that keeps the system clock, the one process besides the keeper that
 * has the privilege to set it. It does nothing but start the keeper, and another one when that
 * dies, because the supervisor has given the privilege up; and it ends the slew that one may have
 * left.
 */
#ifndef SERVER_GUARDIAN_H
#define SERVER_GUARDIAN_H

#include <stdbool.h>

#include "server/keeper.h"

/*
 * Start the keeper as soon as `go` can be read, and keep one running until SIGTERM. SIGHUP has
 * `renew` read again what the keeper uses; if that is another, it is ended and started again. The
 * process's exit status.
 */
int guardian_run(const struct keeper *keeper, int go, bool (*renew)(void *arg), void *arg);

#endif
