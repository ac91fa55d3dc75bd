/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * timesyncd from its settings to its end.
 */
#ifndef SERVER_DAEMON_H
#define SERVER_DAEMON_H

#include "server/settings.h"

/*
 * The exit status: 0, or 1 after logging the failure. SIGHUP makes it read the settings again, from
 * the same command line and the file that this names.
 */
int daemon_run(const struct settings *wanted, int argc, char **argv);

#endif
