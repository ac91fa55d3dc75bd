/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What all workers together have done, for the log and for the local socket.
 */
#ifndef SERVER_LEDGER_H
#define SERVER_LEDGER_H

#include "rpc/status.h"

struct ledger {
	struct counters *counters; /* one set a worker, in memory shared with it */
	unsigned workers;
	uint64_t restarts;
	struct clock *clock;
	struct mono start;
};

/* For that many workers, to be forked later. 0, or -errno after logging. The caller releases it. */
int ledger_open(struct ledger *t, unsigned workers, struct clock *clock);
void ledger_close(struct ledger *t);

/* A status_fn, for a struct ledger. */
void ledger_status(void *ledger, struct status *out);

/* Log the status, a line for each thing. */
void ledger_log(struct ledger *t);

#endif
