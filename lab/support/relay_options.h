/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relay's command line.
 */
#ifndef LAB_SUPPORT_RELAY_OPTIONS_H
#define LAB_SUPPORT_RELAY_OPTIONS_H

#include <sys/socket.h>

#include "lab/support/link_options.h"

struct relay_address {
	struct sockaddr_storage addr;
	socklen_t len; /* 0 when not given */
};

struct relay_options {
	struct relay_address listen; /* port 0: any free one */
	struct relay_address server;
	bool control; /* take commands from stdin */
	int64_t seed;
	struct link_options link; /* of all clients that no command has named */
};

enum relay_start { RELAY_RUN, RELAY_HELPED, RELAY_USAGE };

/*
 * Read the command line: RELAY_RUN with *out filled, RELAY_HELPED after printing the help,
 * RELAY_USAGE after reporting an error on stderr.
 */
enum relay_start relay_options_parse(struct relay_options *out, int argc, char **argv);

#endif
