/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sockets that timesyncd serves on: one set a worker, all sets on the same addresses.
 */
#ifndef SERVER_LISTENERS_H
#define SERVER_LISTENERS_H

#include "rpc/server/registration.h"
#include "server/settings.h"

struct listeners {
	size_t n;
	struct registration_place places[REGISTRATION_MAX];
	int fds[REGISTRATION_MAX];
};

/*
 * Open `n` sets of sockets as the settings ask; `n` becomes 1 where ports cannot be shared, which
 * is logged. Without a port, all share one that is free on every address. 0, or -errno after
 * logging the failure. The caller releases them with listeners_close.
 */
int listeners_open(struct listeners *sets, const struct settings *settings, unsigned *n);

void listeners_close(struct listeners *sets, size_t n);

#endif
