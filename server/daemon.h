/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timesyncd from its settings to its end.
 */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "server/settings.h"

/* The exit status: 0, or 1 after logging the failure. */
int daemon_run(const struct settings *wanted);

#endif
