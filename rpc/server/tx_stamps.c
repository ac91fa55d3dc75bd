/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/server/tx_stamps.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/siphash.h"
#include "rpc/stamp.h"
#include "os/entropy.h"

#define PLACES 4096
/* Stamps that the kernel may owe at one time: more than a few batches. */
#define OWED 256

struct client {
	struct host host;
	uint16_t port;
};

struct tx_stamp {
	struct client client;
	ts_ns arrival;  /* of the call */
	ts_ns departed; /* 0: not known yet */
};

struct tx_stamps {
	int fd;
	struct clock *clock;
	struct siphash_key key; /* so that nobody can choose clients that share a place */
	bool used;              /* before that, the kernel has nothing for us */
	uint32_t next;          /* number of the next stamp, as the kernel counts them */
	struct {
		uint32_t place;
		ts_ns arrival;
	} owed[OWED]; /* by number */
	struct tx_stamp places[PLACES];
};

/*
 * Discard stamps that the kernel kept for a process that served this socket before and was killed.
 * 0, or -errno if the kernel's stamps cannot be read and would keep the socket in error for ever.
 */
static int forget_earlier(int fd, struct clock *clock)
{
	uint32_t number;
	ts_ns departed;
	int rc;

	do {
		rc = stamp_tx(fd, clock, &number, &departed);
	} while (rc == 0 || rc == -EBADMSG || rc == -EINTR);
	return rc == -EAGAIN ? 0 : rc;
}

int tx_stamps_open(struct tx_stamps **out, int fd, struct clock *clock)
{
	struct tx_stamps *d;
	int rc = stamp_enable_tx(fd);

	if (rc == 0) {
		rc = forget_earlier(fd, clock);
	}
	if (rc != 0) {
		return rc;
	}
	/* Pages that are never touched take no memory: most sockets see no such client. */
	d = calloc(1, sizeof(*d));
	if (!d) {
		return -ENOMEM;
	}
	d->fd = fd;
	d->clock = clock;
	rc = entropy_fill(&d->key, sizeof(d->key));
	if (rc != 0) {
		free(d);
		return rc;
	}
	*out = d;
	return 0;
}

void tx_stamps_close(struct tx_stamps *d)
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

static uint32_t place_of(const struct tx_stamps *d, const struct client *c)
{
	return (uint32_t)(siphash(&d->key, c, sizeof(*c)) % PLACES);
}

void tx_stamps_expect(struct tx_stamps *d, const struct address *peer, ts_ns arrival)
{
	const struct client client = client_at(peer);
	const uint32_t place = place_of(d, &client);

	d->places[place] = (struct tx_stamp){ .client = client, .arrival = arrival };
	d->owed[d->next % OWED].place = place;
	d->owed[d->next % OWED].arrival = arrival;
	d->next++;
	d->used = true;
}

void tx_stamps_failed(struct tx_stamps *d)
{
	/* The kernel counts from 0 again. Stamps that it still owes are given up. */
	(void)stamp_enable_tx(d->fd);
	d->next = 0;
	memset(d->owed, 0, sizeof(d->owed));
}

void tx_stamps_collect(struct tx_stamps *d)
{
	uint32_t number;
	ts_ns departed;

	while (d->used && stamp_tx(d->fd, d->clock, &number, &departed) == 0) {
		struct tx_stamp *p = &d->places[d->owed[number % OWED].place];

		/* A stamp from before a failure may have the number of a later one. */
		if (p->arrival == d->owed[number % OWED].arrival && departed >= p->arrival) {
			p->departed = departed;
		}
	}
}

ts_ns tx_stamps_find(const struct tx_stamps *d, const struct address *peer, ts_ns arrival)
{
	const struct client client = client_at(peer);
	const struct tx_stamp *p = &d->places[place_of(d, &client)];

	if (p->arrival != arrival || memcmp(&p->client, &client, sizeof(client)) != 0) {
		return 0;
	}
	return p->departed;
}
