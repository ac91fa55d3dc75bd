/* SPDX-License-Identifier: BSD-3-Clause */
/* What is to happen, in a binary heap, the earliest on top. */
#include <stdlib.h>

#include "tests/sim/groups/world.h"

void events_init(struct events *e)
{
	e->n = 0;
	e->order = 0;
	e->n_unused = EVENTS;
	for (size_t i = 0; i < EVENTS; i++) {
		e->unused[i] = &e->pool[i];
	}
}

static bool is_before(const struct event *a, const struct event *b)
{
	return a->at != b->at ? a->at < b->at : a->order < b->order;
}

static void sift_up(struct events *e, size_t i)
{
	struct event *moved = e->heap[i];

	for (; i > 1 && is_before(moved, e->heap[i / 2]); i /= 2) {
		e->heap[i] = e->heap[i / 2];
	}
	e->heap[i] = moved;
}

static void sift_down(struct events *e, size_t i)
{
	struct event *moved = e->heap[i];

	for (size_t child = 2 * i; child <= e->n; child = 2 * i) {
		if (child < e->n && is_before(e->heap[child + 1], e->heap[child])) {
			child++;
		}
		if (!is_before(e->heap[child], moved)) {
			break;
		}
		e->heap[i] = e->heap[child];
		i = child;
	}
	e->heap[i] = moved;
}

static void push(struct events *e, struct event *event)
{
	e->heap[++e->n] = event;
	sift_up(e, e->n);
}

struct event *events_add(struct world *w, int64_t at, enum event_kind kind, int node)
{
	struct events *e = &w->events;

	if (e->n_unused == 0) {
		fprintf(stderr, "sim: more than %d events at a time\n", EVENTS);
		abort();
	}
	struct event *event = e->unused[--e->n_unused];
	event->at = at > w->now ? at : w->now;
	event->order = e->order++;
	event->kind = kind;
	event->node = node;
	push(e, event);
	return event;
}

struct event *events_take(struct world *w)
{
	struct events *e = &w->events;

	if (e->n == 0) {
		return NULL;
	}
	struct event *first = e->heap[1];
	e->heap[1] = e->heap[e->n--];
	if (e->n > 0) {
		sift_down(e, 1);
	}
	w->now = first->at;
	return first;
}

void events_put_off(struct world *w, struct event *e, int64_t at)
{
	e->at = at;
	push(&w->events, e);
}

void events_free(struct world *w, struct event *e)
{
	w->events.unused[w->events.n_unused++] = e;
}
