/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The servers of a log, by name: found at once, however many there are.
 */
#ifndef TRACK_TRACK_LOG_SERVERS_H
#define TRACK_TRACK_LOG_SERVERS_H

#include "track/track_line.h"
#include "core/siphash.h"

/* A server; one that was named several times for a poll is as many. */
struct track_log_server {
	char host[PARSE_HOST_MAX + 1]; /* as it was given */
	size_t which;                  /* of those of this name in one poll, from 0 */
	uint16_t port;                 /* the last one known; 0: none */
	size_t polls, answered;
	size_t outvoted; /* in how many it was against the majority */

	/* For the first of its name: how often that came in a line so far, and in which. */
	size_t line, in_line;
};

/* All zeros is an empty one. */
struct track_log_servers {
	struct track_log_server *all; /* in the order in which they came */
	size_t n;
	size_t *slots; /* of a hash table: 1 + an index into `all`, or 0 */
	size_t n_slots;
	struct siphash_key key;
};

/* Add the verdict on a server from a line, whose number counts from 1. 0 or -ENOMEM. */
int track_log_servers_add(struct track_log_servers *s, size_t line, const struct track_verdict *v);

void track_log_servers_free(struct track_log_servers *s);

#endif
