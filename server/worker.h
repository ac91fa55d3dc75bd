/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A worker: the process that answers calls. It shares nothing with the others but the clock, which
 * it only reads, and never makes a blocking call.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "rpc/server/counters.h"
#include "server/listeners.h"
#include "server/live.h"
#include "os/clock.h"

/*
 * Call this before there are workers: check that one can serve on those sockets, log the missing
 * features, and limit the connections of `settings` to the process's limit of open files. 0, or
 * -errno after logging the reason.
 */
int worker_prepare(struct settings *settings, const struct listeners *set, struct clock *clock);

/*
 * Serve on those sockets until SIGTERM, and count in `counters`; at SIGHUP take the settings from
 * `live`. Returns the process's exit status.
 */
int worker_run(struct settings *settings, const struct live *live, const struct listeners *set,
	       struct clock *clock, struct counters *counters);

#endif
