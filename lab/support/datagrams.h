/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Datagrams that wait for their time to go, earliest first; those of one instant in the order in
 * which they were put in.
 */
#ifndef LAB_SUPPORT_DATAGRAMS_H
#define LAB_SUPPORT_DATAGRAMS_H

#include <stddef.h>

#include "core/ts.h"

#define DATAGRAMS_MAX 4096 /* waiting at once */

struct datagram {
	struct datagram *next;
	struct mono due;
	size_t flow; /* which stream of datagrams it belongs to: the caller's number */
	size_t len;
	unsigned char data[];
};

/* Empty when zeroed. */
struct datagrams {
	struct datagram *first;
	size_t count;
};

/* Put in a copy of `data`. The queue owns it. Null when the queue is full or memory is short. */
struct datagram *datagrams_add(struct datagrams *q, size_t flow, struct mono due, const void *data,
			       size_t len);

/* Give `d`, which is in the queue, another time, behind those that already have that time. */
void datagrams_move(struct datagrams *q, struct datagram *d, struct mono due);

/* Take out the first if it is due. The caller frees it. Null when none is. */
struct datagram *datagrams_take_due(struct datagrams *q, struct mono now);

/* Discard all of one flow. How many there were. */
size_t datagrams_drop_flow(struct datagrams *q, size_t flow);

#endif
