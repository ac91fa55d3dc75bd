/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of timesyncd.
 */
#ifndef SERVER_SETTINGS_H
#define SERVER_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "os/options.h"
#include "rpc/keys.h"
#include "rpc/server/access.h"
#include "rpc/server/svc_stream.h"
#include "group/agent/settings.h"
#include "track/track_options.h"
#include "os/log.h"

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
	const char *clock_file;  /* null: the system clock */
	const char *pid_file;    /* null: none */
	const char *user;        /* null: stay who we are */
	const char *config_file; /* null: none */
	char *config_text;       /* that file's, which others point into; owned */
	bool local;              /* the clock is the reference of a network without UTC, */
	dur_ns local_error;      /* within this */
	unsigned workers;
	struct svc_stream_limits limits;
	struct access access;
	const char *key_file;    /* for authenticated calls; null: none are answered */
	struct keys keys;        /* its content, once it was read */
	bool require_key;        /* answer no others */
	bool group_key_is_key;   /* the group's key file was named by --key */
	int64_t rate_limit;      /* calls a second from one address; 0: no limit */
	const char *socket_path; /* of the local socket; null: the default */
	struct group_settings group;
	struct track_options track;    /* of --upstream, but for the servers and the clock */
	const char *upstream_key_file; /* for calls to those servers; null: made without a key */
	struct keys upstream_keys;     /* its content, once it was read */
	size_t n_upstream;             /* 0: no --upstream */
	struct parse_host upstream[TRACK_SERVERS_MAX];
};

/*
 * Fill in the defaults, then what $TIMESYNC_CLOCK, the configuration file and the command line say.
 * Keeps pointers into argv. The caller releases it with settings_free, whatever the outcome.
 */
enum options_outcome settings_parse(struct settings *s, int argc, char **argv);

/* The same for a daemon that runs, and reads them again: errors are logged. */
enum options_outcome settings_parse_again(struct settings *s, int argc, char **argv);

#define SETTINGS_ROWS 39
extern const struct option_row settings_rows[SETTINGS_ROWS];

/* Read the key files, if there are any. 0, or -errno after logging. */
int settings_read_keys(struct settings *s);

/* Forget the keys of authenticated calls, and do not read them again: this process is no worker. */
void settings_drop_keys(struct settings *s);

void settings_free(struct settings *s);

/* The most detailed level to log. */
enum log_level settings_log_level(const struct settings *s);

#endif
