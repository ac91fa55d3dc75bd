/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A series: what measurements of the same servers, again and again, have given. It is collected
 * while they are made, and from their log.
 */
#ifndef MEASURE_SERIES_H
#define MEASURE_SERIES_H

#include <stddef.h>

#include "core/parse.h"
#include "core/spread.h"

/* Numbers in the order in which they came. */
struct series_numbers {
	int64_t *all; /* owned */
	size_t n, room;
};

/* Calls and replies, as struct call_counts has them, over hours. */
struct series_counts {
	int64_t sent, received, lost, late, duplicate, discarded;
};

struct series_server {
	char host[PARSE_HOST_MAX + 1];
	uint16_t port;                 /* 0: not known */
	size_t place;                  /* among the servers that were named, from 1 */
	size_t measurements, measured; /* tried, and successful */
	struct series_counts counts;
	struct series_numbers round_trips; /* t4-t1 minus t3-t2 of each round */
	struct series_numbers offsets;     /* of each measurement */
};

struct series {
	struct series_server *servers; /* owned */
	size_t n, room;
	ts_ns begin, end;    /* the first measurement and the last; valid if there is one */
	size_t measurements; /* of any server */
};

/* The server of that name and place; null if there is none yet. */
struct series_server *series_known(const struct series *s, const char *host, size_t place);

/*
 * The server of that name and place, a new one if need be; null when out of memory. It is valid
 * until the next call.
 */
struct series_server *series_find(struct series *s, const char *host, size_t place);

/* Note when a measurement of a server was made, by the local clock. */
void series_note(struct series *s, struct series_server *server, ts_ns at);

/* Add a number. False when out of memory. */
bool series_add(struct series_numbers *numbers, int64_t value);

/* How the numbers spread; they are sorted by that. False if there are none. */
bool series_spread(struct series_numbers *numbers, struct spread *out);

void series_clear(struct series_numbers *numbers);
void series_free(struct series *s);

#endif
