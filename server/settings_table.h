/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of timesyncd, in one table.
 */
#ifndef SERVER_SETTINGS_TABLE_H
#define SERVER_SETTINGS_TABLE_H

#include "os/options.h"

enum option_index {
	OPT_FOREGROUND,
	OPT_PORT,
	OPT_NETID,
	OPT_ADDRESS,
	OPT_NO_RPCBIND,
	OPT_CLOCK,
	OPT_WORKERS,
	OPT_MAX_CONNECTIONS,
	OPT_MAX_PER_ADDRESS,
	OPT_IDLE_TIMEOUT,
	OPT_ALLOW,
	OPT_RATE_LIMIT,
	OPT_SOCKET,
	OPT_PID_FILE,
	OPT_USER,
	OPT_GROUP, /* from here ... */
	OPT_KEY,
	OPT_MEMBER,
	OPT_DISCOVER,
	OPT_GROUP_PORT,
	OPT_GROUP_STATE,
	OPT_LEASE,
	OPT_CYCLE,
	OPT_TOLERANCE,
	OPT_MAX_CORRECTION,
	OPT_INSECURE_LAB, /* ... to here about groups */
	OPT_VERBOSE,
	OPT_HELP,
	OPT_VERSION,
	N_OPTIONS
};

extern const struct options settings_options;

#endif
