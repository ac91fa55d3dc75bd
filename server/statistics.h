/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The call counts of all workers together, for the log and the local socket.
 */
#ifndef SERVER_STATISTICS_H
#define SERVER_STATISTICS_H

#include "rpc/status.h"
#include "server/upstream.h"

struct statistics {
	struct counters *counters; /* one set for each worker, in memory shared with it */
	unsigned workers;
	uint64_t restarts;
	struct clock *clock;
	struct mono start;
	const struct upstream *upstream; /* null: none */
};

/* Counters for `workers` processes, to be forked later. 0, or -errno after logging. */
int statistics_open(struct statistics *s, unsigned workers, struct clock *clock);
void statistics_close(struct statistics *s);

/* A status_fn, for a struct statistics. */
void statistics_status(void *statistics, struct status *out);

/* A status_tracked_fn, for the same. */
bool statistics_tracked(void *statistics, struct tracked *out);

/* Log the status, one line for each counter. */
void statistics_log(struct statistics *s);

#endif
