/* SPDX-License-Identifier: BSD-3-Clause */
/* Future events in a binary heap, the earliest on top. */
#include <stdlib.h>

#include "tests/sim/groups/world.h"

#define EVENTS_AT_FIRST 256

void events_init(struct events *e)
{
	*e = (struct events){ .max = EVENTS_AT_FIRST };
	e->heap = malloc((e->max + 1) * sizeof(*e->heap));
}

void events_close(struct events *e)
{
	for (size_t i = 1; i <= e->n; i++) {
		free(e->heap[i].packet);
	}
	free(e->heap);
}

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static size_t sift_up(struct events *e, size_t i)
{
	const struct event moved = e->heap[i];

	for (; i > 1 && is_before(&moved, &e->heap[i / 2]); i /= 2) {
		e->heap[i] = e->heap[i / 2];
	}
	e->heap[i] = moved;
	return i;
}

static void sift_down(struct events *e, size_t i)
{
	const struct event moved = e->heap[i];

	for (size_t child = 2 * i; child <= e->n; child = 2 * i) {
		if (child < e->n && is_before(&e->heap[child + 1], &e->heap[child])) {
			child++;
		}
		if (!is_before(&e->heap[child], &moved)) {
			break;
		}
		e->heap[i] = e->heap[child];
		i = child;
	}
	e->heap[i] = moved;
}

struct event *events_add(struct world *w, int64_t at, enum event_kind kind, int node)
{
	struct events *e = &w->events;

	if (e->n == e->max) {
		e->max *= 2;
		e->heap = realloc(e->heap, (e->max + 1) * sizeof(*e->heap));
		if (!e->heap) {
			abort();
		}
	}
	e->heap[++e->n] = (struct event){
		.at = at > w->now ? at : w->now,
		.order = e->order++,
		.kind = kind,
		.node = node,
	};
	return &e->heap[sift_up(e, e->n)];
}

bool events_take(struct world *w, struct event *out)
{
	struct events *e = &w->events;

	if (e->n == 0) {
		return false;
	}
	*out = e->heap[1];
	e->heap[1] = e->heap[e->n--];
	if (e->n > 0) {
		sift_down(e, 1);
	}
	w->now = out->at;
	return true;
}
