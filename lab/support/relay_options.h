/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The relay's command line.
 */
#ifndef LAB_SUPPORT_RELAY_OPTIONS_H
#define LAB_SUPPORT_RELAY_OPTIONS_H

#include <sys/socket.h>

#include "lab/support/fate.h"
#include "os/options.h"

/* The two ways that a datagram can go, each with its own rules. */
enum relay_way { RELAY_TO_SERVER, RELAY_TO_CLIENT, RELAY_WAYS };

struct relay_address {
	struct sockaddr_storage addr;
	socklen_t len; /* 0 when not given */
};

struct relay_options {
	struct relay_address listen; /* port 0: any free one */
	struct relay_address server;
	struct fate_rules rules[RELAY_WAYS];
	int64_t seed;
};

/* Read the command line into *out; as options_parse. */
enum options_outcome relay_options_parse(struct relay_options *out, int argc, char **argv);

#endif
