/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The open connections of a stream server, and which of them to close first.
 *
 * Each is either idle (between calls) or busy (in the middle of a call, or of a reply that its
 * client does not read). Both kinds are kept in the order in which they became so, so the first one
 * to close is always at hand.
 */
#ifndef RPC_SERVER_CONNECTIONS_H
#define RPC_SERVER_CONNECTIONS_H

#include "core/ts.h"
#include "rpc/address.h"
#include "rpc/server/session.h"

struct origin;

struct connection {
	struct session session;
	bool busy;
	struct mono since; /* it has been idle or busy */
	struct connection *older, *newer;
	struct origin *origin;              /* the host that it comes from */
	struct connection *previous, *next; /* from the same host, in no order */
};

struct connections;

/* An empty set for about `capacity` connections. 0 or -ENOMEM. */
int connections_open(struct connections **out, size_t capacity);

/* Release the set and close its connections; null is fine. */
void connections_close(struct connections *set);

/* Add the connected socket `fd` from `host`, idle since `now`. Null, with fd still open, for want
 * of memory. */
struct connection *connections_add(struct connections *set, int fd, const struct host *host,
				   struct mono now);

/* Close the connection and free all that is its own. */
void connections_remove(struct connections *set, struct connection *c);

/*
 * Mark it busy or idle at `now`. A connection that stays busy keeps its time unless it made
 * progress; an idle one starts a new time.
 */
void connections_mark(struct connections *set, struct connection *c, bool busy, bool progress,
		      struct mono now);

/*
 * The connection to close first: the one that is idle, or busy, for the longest time. Half a call
 * does not protect it, or clients that send nothing else would push out all clients between two
 * calls. Null if empty.
 */
struct connection *connections_spare(const struct connections *set);

/* The one that has been busy, or idle, longest; null if there is none. */
struct connection *connections_oldest(const struct connections *set, bool busy);

size_t connections_count(const struct connections *set);

/* How many come from `host`. */
size_t connections_from(const struct connections *set, const struct host *host);

/* The one from `host` that can best be spared; null if there is none. Looks at each of them. */
struct connection *connections_spare_from(const struct connections *set, const struct host *host);

#endif
