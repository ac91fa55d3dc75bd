/*
 * A worker: the process that answers calls. It shares nothing with the others but the clock, which
 * it only reads, and never makes a blocking call.
 */
#ifndef SERVER_WORKER_H
#define SERVER_WORKER_H

#include "rpc/counters.h"
#include "server/listeners.h"
#include "sys/clock.h"

/* Serve on those sockets until SIGTERM, and count in `counters`. The process's exit status. */
int worker_run(const struct settings *settings, const struct listeners *set, struct clock *clock,
	       struct counters *counters);

#endif
