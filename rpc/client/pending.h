/* SPDX-License-Identifier: BSD-3-Clause */
/* The pending calls of a fanout, by xid. */
#ifndef RPC_CLIENT_PENDING_H
#define RPC_CLIENT_PENDING_H

#include "rpc/client/fanout.h"

struct pending {
	uint32_t xid;
	bool used;
	struct address to;
	struct mono deadline;
	ts_ns departed;
	fanout_takes_fn *takes;
	fanout_done_fn *done;
	void *arg;
};

struct pending_table;

/* For at most `max` calls. To be released with free; null when out of memory. */
struct pending_table *pending_new(size_t max);

size_t pending_count(const struct pending_table *t);

/* The call of that xid, or null. Valid until the table changes. */
struct pending *pending_find(struct pending_table *t, uint32_t xid);

/* Add a call of that xid, which must not be there; there must be room. All else is zero. */
struct pending *pending_add(struct pending_table *t, uint32_t xid);

void pending_remove(struct pending_table *t, struct pending *p);

/* The call of the earliest deadline; null if there is none. */
struct pending *pending_earliest(struct pending_table *t);

#endif
