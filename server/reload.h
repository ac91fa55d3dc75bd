/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the settings again while the daemon runs (SIGHUP).
 */
#ifndef SERVER_RELOAD_H
#define SERVER_RELOAD_H

#include "server/settings.h"

/* The options that have changed. */
struct reload_changes {
	bool access, verbose; /* these are in force now */
	/* 1: others are in force now; 0: the same, or none; -errno: their file cannot be used. */
	int keys, upstream_keys, group_keys;
	char later[600]; /* other options, which take effect at the next start: "--port, --user" */
};

/*
 * Read the command line, the configuration file and the key files, except the group's, again;
 * `begun` are the settings as they were read at the start. Only the settings that may change while
 * the daemon runs go into `s`: the access list, the keys of each file that can be used, and whether
 * to log more. Errors are logged. 0 or -EINVAL, and then nothing has changed.
 */
int reload_settings(struct settings *s, const struct settings *begun, int argc, char **argv,
		    struct reload_changes *changes);

/* Log which files were read, the changes in force now, and those that wait for the next start. */
void reload_say(const struct settings *s, const struct reload_changes *changes);

#endif
