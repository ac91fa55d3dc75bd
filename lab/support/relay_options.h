/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relay's command line.
 */
#ifndef LAB_SUPPORT_RELAY_OPTIONS_H
#define LAB_SUPPORT_RELAY_OPTIONS_H

#include <sys/socket.h>

#include "lab/support/link_options.h"
#include "os/options.h"

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

/* Read the command line into *out; as options_parse. */
enum options_outcome relay_options_parse(struct relay_options *out, int argc, char **argv);

#endif
