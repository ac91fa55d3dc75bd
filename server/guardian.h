/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The guardian. If the daemon keeps the system clock, only the guardian and the keeper have the
 * privilege to set it, as the supervisor has given it up. So the guardian starts the keeper, and
 * another one when that dies, and ends a slew that a keeper may have left. It does nothing else.
 */
#ifndef SERVER_GUARDIAN_H
#define SERVER_GUARDIAN_H

#include <stdbool.h>

#include "server/keeper.h"

/*
 * Start the keeper as soon as `go` can be read, and keep one running until SIGTERM. At SIGHUP
 * `renew` reads the keeper's settings again; if they have changed, the keeper is ended and started
 * again. Returns the process's exit status.
 */
int guardian_run(const struct keeper *keeper, int go, bool (*renew)(void *arg), void *arg);

#endif
