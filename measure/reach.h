/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reach: find an address of a target that answers.
 *
 * The addresses are tried in the resolver's order. Each silent one gets an equal share of the
 * timeout, so eight silent addresses cost no more than one.
 */
#ifndef MEASURE_REACH_H
#define MEASURE_REACH_H

#include "measure/target.h"
#include "rpc/client/exchange.h"

/* A lost NULL call says nothing yet: this many are sent before an address counts as silent. */
#define REACH_GREETINGS 5

struct reach_way {
	struct address server;
	struct exchange *x; /* null: not opened yet, or given up */
	bool given_up;
	char why[TARGET_WHY_MAX]; /* if given up */
};

struct reach {
	const struct target *target;
	struct clock *clock;
	dur_ns timeout; /* of one exchange */
	unsigned turn;
	size_t next;
	int64_t sharers; /* of the timeout, in this turn */
	struct reach_way ways[TARGET_MAX_ADDRESSES];
};

/* Begin; nothing is sent yet. To be released with reach_close. */
void reach_open(struct reach *r, const struct target *target, struct clock *clock, dur_ns timeout);
void reach_close(struct reach *r);

/*
 * The next address that answers a NULL call, as our server in our version does: its way is open,
 * warm, and counts from here on. Null if none is left.
 */
struct reach_way *reach_next(struct reach *r);

/* Give a way up, for a reason as target_locate gives it; reach_next does not come back to it. */
void reach_give_up(struct reach_way *way, const char *why);

/*
 * Why none has answered: the fault of each address, beginning with those that this machine has a
 * route to.
 */
void reach_why(const struct reach *r, char why[TARGET_WHY_MAX]);

/* The packet counts of all ways that are open. */
struct call_counts reach_counts(const struct reach *r);

#endif
