/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What timesyncd was asked to do.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/options.h"
#include "rpc/server/access.h"
#include "rpc/server/svc_stream.h"
#include "group/agent/settings.h"

#define SETTINGS_MAX_ADDRESSES 4
#define SETTINGS_MAX_WORKERS   64

struct settings {
	bool foreground;
	bool verbose;
	bool use_rpcbind;
	uint16_t port;       /* 0: any that is free */
	bool netids[NETIDS]; /* which of rpc/address.h's netids to serve */
	bool netids_given;   /* by the user: then each must be had */
	size_t n_addresses;  /* 0: the wildcards */
	struct address addresses[SETTINGS_MAX_ADDRESSES];
	const char *clock_file; /* null: the system clock */
	const char *pid_file;   /* null: none */
	const char *user;       /* null: stay who we are */
	unsigned workers;
	struct svc_stream_limits limits;
	struct access access;
	int64_t rate_limit;      /* calls a second from one address; 0: no limit */
	const char *socket_path; /* of the local socket; null: the default */
	struct group_settings group;
};

/* Fill in the defaults, then what the command line and $TIMESYNC_CLOCK say. Keeps pointers into
 * argv. */
enum options_outcome settings_parse(struct settings *s, int argc, char **argv);

#endif
