/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/datagrams.h"

#include <stdlib.h>
#include <string.h>

static void insert(struct datagrams *q, struct datagram *d)
{
	struct datagram **at = &q->first;

	while (*at && mono_since((*at)->due, d->due) <= 0) {
		at = &(*at)->next;
	}
	d->next = *at;
	*at = d;
	q->count++;
}

static void unlink_at(struct datagrams *q, struct datagram **at)
{
	*at = (*at)->next;
	q->count--;
}

struct datagram *datagrams_add(struct datagrams *q, size_t flow, struct mono due, const void *data,
			       size_t len)
{
	struct datagram *d = q->count < DATAGRAMS_MAX ? malloc(sizeof(*d) + len) : NULL;

	if (!d) {
		return NULL;
	}
	*d = (struct datagram){ .due = due, .flow = flow, .len = len };
	memcpy(d->data, data, len);
	insert(q, d);
	return d;
}

void datagrams_move(struct datagrams *q, struct datagram *d, struct mono due)
{
	struct datagram **at = &q->first;

	while (*at != d) {
		at = &(*at)->next;
	}
	unlink_at(q, at);
	d->due = due;
	insert(q, d);
}

struct datagram *datagrams_take_due(struct datagrams *q, struct mono now)
{
	struct datagram *d = q->first;

	if (!d || mono_since(d->due, now) > 0) {
		return NULL;
	}
	unlink_at(q, &q->first);
	return d;
}

size_t datagrams_drop_flow(struct datagrams *q, size_t flow)
{
	struct datagram **at = &q->first;
	size_t dropped = 0;

	while (*at) {
		struct datagram *d = *at;
		if (d->flow != flow) {
			at = &d->next;
			continue;
		}
		unlink_at(q, at);
		free(d);
		dropped++;
	}
	return dropped;
}
