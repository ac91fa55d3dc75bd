/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The settings of timesync-exporter.
 */
#ifndef EXPORTER_SETTINGS_H
#define EXPORTER_SETTINGS_H

#include "os/options.h"
#include "rpc/address.h"

#define EXPORTER_PROGRAM     "timesync-exporter"
#define EXPORTER_MAX_SOCKETS 16

struct exporter_settings {
	struct address listen;
	const char *sockets[EXPORTER_MAX_SOCKETS]; /* of the daemons to ask */
	size_t n_sockets;                          /* 0: those at the usual places */
	const char *clock_file;                    /* null: the system clock */
};

/* Fill in the defaults, then what the command line says. Keeps pointers into argv. */
enum options_outcome exporter_settings_parse(struct exporter_settings *s, int argc, char **argv);

#endif
