/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/tx_stamps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/hash.h"
#include "rpc/stamp.h"
#include "os/entropy.h"

#define PLACES 4096
/* Stamps that the kernel may owe at one time: more than a few batches. */
#define OWED 256

struct client {
	struct host host;
	uint16_t port;
};

struct departure {
	struct client client;
	ts_ns arrival;  /* of the call */
	ts_ns departed; /* 0: not known yet */
};

struct departures {
	int fd;
	struct clock *clock;
	uint64_t seed;
	bool used;     /* before that, the kernel has nothing for us */
	uint32_t next; /* number of the next stamp, as the kernel counts them */
	struct {
		uint32_t place;
		ts_ns arrival;
	} owed[OWED]; /* by number */
	struct departure places[PLACES];
};

/*
 * Forget what the kernel still has for a process that served the socket before and was killed. 0,
 * or -errno where the kernel's stamps cannot be taken, and would keep the socket in error for ever.
 */
static int forget_earlier(int fd, struct clock *clock)
{
	uint32_t number;
	ts_ns departed;
	int rc;

	do {
		rc = stamp_departure(fd, clock, &number, &departed);
	} while (rc == 0 || rc == -EBADMSG || rc == -EINTR);
	return rc == -EAGAIN ? 0 : rc;
}

int departures_open(struct departures **out, int fd, struct clock *clock)
{
	struct departures *d;
	int rc = stamp_enable_departures(fd);

	if (rc == 0) {
		rc = forget_earlier(fd, clock);
	}
	if (rc != 0) {
		return rc;
	}
	/* Pages that are never used are never had: most sockets see no such client. */
	d = calloc(1, sizeof(*d));
	if (!d) {
		return -ENOMEM;
	}
	d->fd = fd;
	d->clock = clock;
	rc = entropy_fill(&d->seed, sizeof(d->seed));
	if (rc != 0) {
		free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void departures_close(struct departures *d)
{
	free(d);
}

static struct client client_at(const struct address *peer)
{
	struct client c;

	memset(&c, 0, sizeof(c)); /* padding counts: it is hashed and compared */
	c.host = address_host(peer);
	c.port = address_port(peer);
	return c;
}

static uint32_t place_of(const struct departures *d, const struct client *c)
{
	return hash_bytes(d->seed, c, sizeof(*c)) % PLACES;
}

void departures_expect(struct departures *d, const struct address *peer, ts_ns arrival)
{
	const struct client client = client_at(peer);
	const uint32_t place = place_of(d, &client);

	d->places[place] = (struct departure){ .client = client, .arrival = arrival };
	d->owed[d->next % OWED].place = place;
	d->owed[d->next % OWED].arrival = arrival;
	d->next++;
	d->used = true;
}

void departures_failed(struct departures *d)
{
	/* The kernel counts anew from 0. What it still owes is given up. */
	(void)stamp_enable_departures(d->fd);
	d->next = 0;
	memset(d->owed, 0, sizeof(d->owed));
}

void departures_collect(struct departures *d)
{
	uint32_t number;
	ts_ns departed;

	while (d->used && stamp_departure(d->fd, d->clock, &number, &departed) == 0) {
		struct departure *p = &d->places[d->owed[number % OWED].place];

		/* One from before a failure may have the number of another. */
		if (p->arrival == d->owed[number % OWED].arrival && departed >= p->arrival) {
			p->departed = departed;
		}
	}
}

ts_ns departures_find(const struct departures *d, const struct address *peer, ts_ns arrival)
{
	const struct client client = client_at(peer);
	const struct departure *p = &d->places[place_of(d, &client)];

	if (p->arrival != arrival || memcmp(&p->client, &client, sizeof(client)) != 0) {
		return 0;
	}
	return p->departed;
}
