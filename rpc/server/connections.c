/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/connections.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/siphash.h"
#include "os/entropy.h"

#define MIN_BUCKETS 64

struct line {
	struct connection *oldest, *newest;
};

/* A host that has connections. */
struct origin {
	struct host host;
	size_t count;
	struct connection *first;
	struct origin *same_bucket;
};

struct connections {
	struct line lines[2]; /* idle, busy */
	size_t count;
	struct siphash_key key; /* so that nobody can choose addresses that share a bucket */
	uint32_t n_buckets;     /* a power of two */
	struct origin *buckets[];
};

int connections_open(struct connections **out, size_t capacity)
{
	struct connections *set;
	uint32_t n = MIN_BUCKETS;
	int rc;

	while (n < capacity && n < UINT32_C(1) << 20) {
		n *= 2;
	}
	set = calloc(1, sizeof(*set) + n * sizeof(set->buckets[0]));
	if (!set) {
		return -ENOMEM;
	}
	set->n_buckets = n;
	rc = entropy_fill(&set->key, sizeof(set->key));
	if (rc != 0) {
		free(set);
		return rc;
	}
	*out = set;
	return 0;
}

void connections_close(struct connections *set)
{
	if (!set) {
		return;
	}
	for (int busy = 0; busy < 2; busy++) {
		struct connection *c = set->lines[busy].oldest;

		while (c) {
			struct connection *newer = c->newer;

			connections_remove(set, c);
			c = newer;
		}
	}
	free(set);
}

static size_t bucket_of(const struct connections *set, const struct host *host)
{
	return siphash(&set->key, host->octets, sizeof(host->octets)) & (set->n_buckets - 1);
}

/* Null if that host has no connections. */
static struct origin *find_origin(const struct connections *set, const struct host *host)
{
	struct origin *o = set->buckets[bucket_of(set, host)];

	while (o && !host_equal(&o->host, host)) {
		o = o->same_bucket;
	}
	return o;
}

/* Null for want of memory. */
static struct origin *add_origin(struct connections *set, const struct host *host)
{
	struct origin **bucket = &set->buckets[bucket_of(set, host)];
	struct origin *o = calloc(1, sizeof(*o));

	if (o) {
		o->host = *host;
		o->same_bucket = *bucket;
		*bucket = o;
	}
	return o;
}

static void remove_origin(struct connections *set, struct origin *o)
{
	struct origin **link = &set->buckets[bucket_of(set, &o->host)];

	while (*link != o) {
		link = &(*link)->same_bucket;
	}
	*link = o->same_bucket;
	free(o);
}

static void origin_append(struct origin *o, struct connection *c)
{
	c->origin = o;
	c->next = o->first;
	if (o->first) {
		o->first->previous = c;
	}
	o->first = c;
	o->count++;
}

static void origin_remove(struct origin *o, struct connection *c)
{
	if (c->previous) {
		c->previous->next = c->next;
	} else {
		o->first = c->next;
	}
	if (c->next) {
		c->next->previous = c->previous;
	}
	o->count--;
}

static void line_append(struct connections *set, struct connection *c)
{
	struct line *line = &set->lines[c->busy];

	c->older = line->newest;
	c->newer = NULL;
	if (line->newest) {
		line->newest->newer = c;
	} else {
		line->oldest = c;
	}
	line->newest = c;
}

static void line_remove(struct connections *set, struct connection *c)
{
	struct line *line = &set->lines[c->busy];

	if (c->older) {
		c->older->newer = c->newer;
	} else {
		line->oldest = c->newer;
	}
	if (c->newer) {
		c->newer->older = c->older;
	} else {
		line->newest = c->older;
	}
}

struct connection *connections_add(struct connections *set, int fd, const struct host *host,
				   struct mono now)
{
	struct connection *c = calloc(1, sizeof(*c));
	struct origin *o;

	if (!c) {
		return NULL;
	}
	o = find_origin(set, host);
	if (!o) {
		o = add_origin(set, host);
	}
	if (!o) {
		free(c);
		return NULL;
	}
	session_start(&c->session, fd, host);
	c->since = now;
	origin_append(o, c);
	line_append(set, c);
	set->count++;
	return c;
}

void connections_remove(struct connections *set, struct connection *c)
{
	struct origin *o = c->origin;

	origin_remove(o, c);
	if (o->count == 0) {
		remove_origin(set, o);
	}
	line_remove(set, c);
	set->count--;
	session_end(&c->session);
	free(c);
}

void connections_mark(struct connections *set, struct connection *c, bool busy, bool progress,
		      struct mono now)
{
	if (busy && c->busy && !progress) {
		return;
	}
	line_remove(set, c);
	c->busy = busy;
	c->since = now;
	line_append(set, c);
}

struct connection *connections_oldest(const struct connections *set, bool busy)
{
	return set->lines[busy].oldest;
}

/* Whether to close `a` before `b`: the one that was served longer ago. */
static bool goes_before(const struct connection *a, const struct connection *b)
{
	return mono_since(b->since, a->since) > 0;
}

struct connection *connections_spare(const struct connections *set)
{
	struct connection *idle = set->lines[false].oldest;
	struct connection *busy = set->lines[true].oldest;

	if (!idle || !busy) {
		return idle ? idle : busy;
	}
	return goes_before(busy, idle) ? busy : idle;
}

size_t connections_count(const struct connections *set)
{
	return set->count;
}

size_t connections_from(const struct connections *set, const struct host *host)
{
	const struct origin *o = find_origin(set, host);

	return o ? o->count : 0;
}

struct connection *connections_spare_from(const struct connections *set, const struct host *host)
{
	const struct origin *o = find_origin(set, host);
	struct connection *spare = o ? o->first : NULL;

	for (struct connection *c = spare; c; c = c->next) {
		if (goes_before(c, spare)) {
			spare = c;
		}
	}
	return spare;
}
