/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The counters of a server's process. One process writes them; others may read them at any time in
 * shared memory.
 */
#ifndef RPC_SERVER_COUNTERS_H
#define RPC_SERVER_COUNTERS_H

#include <stdatomic.h>
#include <stdint.h>

/* As timesync_count in timesync_status.x. */
enum counter {
	/* Calls answered with a result, by transport and procedure. */
	COUNTER_UDP_NULL,
	COUNTER_UDP_GET_TIMESTAMPS,
	COUNTER_UDP_GET_TIME,
	COUNTER_UDP_GET_TIMESTAMPS_INTERLEAVED,
	COUNTER_TCP_NULL,
	COUNTER_TCP_GET_TIMESTAMPS,
	COUNTER_TCP_GET_TIME,
	COUNTER_TCP_GET_TIMESTAMPS_INTERLEAVED,
	COUNTER_ERRORS,        /* answered: no such program, version or procedure, bad arguments */
	COUNTER_CREDENTIALS,   /* answered: credentials that are refused */
	COUNTER_MALFORMED,     /* not answered: not a call */
	COUNTER_DENIED,        /* not answered: from an address that is not allowed */
	COUNTER_RATE_LIMITED,  /* not answered: more than an address may call */
	COUNTER_ACCEPTED,      /* TCP connections accepted */
	COUNTER_CLOSED,        /* of these, closed again */
	COUNTER_CLOSED_EARLY,  /* of these, closed to make room, or for being idle or slow */
	COUNTER_BROADCAST,     /* not answered: sent to a broadcast or multicast address */
	COUNTER_AUTHENTICATED, /* answered, and authenticated: counted above as well */
	COUNTERS
};

/* The procedures of a transport follow each other. */
#define COUNTERS_PROCEDURES 4

struct counters {
	_Atomic uint64_t n[COUNTERS];
};

/* Only one process may count in one place, so this need not be one step. */
static inline void counters_count(struct counters *c, enum counter what)
{
	const uint64_t n = atomic_load_explicit(&c->n[what], memory_order_relaxed);

	atomic_store_explicit(&c->n[what], n + 1, memory_order_relaxed);
}

/* "udp_get_timestamps" and so on; a static string. */
const char *counter_name(enum counter what);

static inline uint64_t counters_read(const struct counters *c, enum counter what)
{
	return atomic_load_explicit(&c->n[what], memory_order_relaxed);
}

#endif
