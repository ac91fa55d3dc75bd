/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/client/pending.h"

#include <stdlib.h>

struct pending_table {
	size_t n;
	size_t size;              /* a power of two, at least twice as large as `n` gets */
	struct pending entries[]; /* open addressing with linear probing */
};

struct pending_table *pending_new(size_t max)
{
	struct pending_table *t;
	size_t size = 2;

	while (size < 2 * max) {
		size *= 2;
	}
	t = calloc(1, sizeof(*t) + size * sizeof(t->entries[0]));
	if (t) {
		t->size = size;
	}
	return t;
}

size_t pending_count(const struct pending_table *t)
{
	return t->n;
}

/* xids are random already: no hash is needed. */
static size_t home_of(const struct pending_table *t, uint32_t xid)
{
	return xid & (t->size - 1);
}

static size_t after(const struct pending_table *t, size_t i)
{
	return (i + 1) & (t->size - 1);
}

struct pending *pending_find(struct pending_table *t, uint32_t xid)
{
	for (size_t i = home_of(t, xid); t->entries[i].used; i = after(t, i)) {
		if (t->entries[i].xid == xid) {
			return &t->entries[i];
		}
	}
	return NULL;
}

struct pending *pending_add(struct pending_table *t, uint32_t xid)
{
	size_t i = home_of(t, xid);

	while (t->entries[i].used) {
		i = after(t, i);
	}
	t->n++;
	t->entries[i] = (struct pending){ .xid = xid, .used = true };
	return &t->entries[i];
}

/* Entries after it that would no longer be found move up (Knuth, TAOCP 6.4, algorithm R). */
void pending_remove(struct pending_table *t, struct pending *p)
{
	const size_t mask = t->size - 1;
	size_t hole = (size_t)(p - t->entries);

	t->n--;
	for (size_t i = after(t, hole); t->entries[i].used; i = after(t, i)) {
		const size_t home = home_of(t, t->entries[i].xid);

		if (((i - home) & mask) >= ((i - hole) & mask)) {
			t->entries[hole] = t->entries[i];
			hole = i;
		}
	}
	t->entries[hole].used = false;
}

struct pending *pending_earliest(struct pending_table *t)
{
	struct pending *first = NULL;

	for (size_t i = 0; i < t->size && t->n > 0; i++) {
		struct pending *p = &t->entries[i];

		if (p->used && (!first || mono_since(first->deadline, p->deadline) > 0)) {
			first = p;
		}
	}
	return first;
}
