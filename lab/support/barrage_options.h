/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The barrage's command line.
 */
#ifndef LAB_SUPPORT_BARRAGE_OPTIONS_H
#define LAB_SUPPORT_BARRAGE_OPTIONS_H

#include <stdbool.h>

#include "lab/support/malice.h"
#include "os/options.h"
#include "rpc/address.h"

#define BARRAGE_MAX_SOCKETS 64

struct barrage_options {
	struct address to;
	bool to_given;
	bool kinds[MALICE_KINDS];
	int64_t count;
	int64_t rate; /* datagrams a second; 0: as fast as it goes */
	int64_t sockets;
	int64_t seed;
};

/* Read the command line into *out; as options_parse. */
enum options_outcome barrage_options_parse(struct barrage_options *out, int argc, char **argv);

#endif
