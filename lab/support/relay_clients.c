/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_clients.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_HOLD NS_PER_SEC /* for a reordered datagram that nothing follows */

/* --- datagrams: a flow is one client and one way --- */

static size_t flow_of(const struct relay *r, const struct relay_client *c, enum relay_way way)
{
	return (size_t)(c - r->clients) * RELAY_WAYS + way;
}

/* Queue a copy of the buffer. Null, and counted, on failure. */
static struct datagram *enqueue(struct relay *r, struct relay_client *c, enum relay_way way,
				size_t len, struct mono due)
{
	struct datagram *d = datagrams_add(&r->waiting, flow_of(r, c, way), due, r->buffer, len);

	if (!d) {
		r->counters[way].failed++;
	}
	return d;
}

void relay_pass(struct relay *r, struct relay_client *c, enum relay_way way, size_t len,
		struct mono now)
{
	struct relay_counters *count = &r->counters[way];
	struct fate fate = fate_draw(&r->options.rules[way], &r->random[way]);
	struct mono due = mono_add(now, fate.delay);

	c->last_used = now;
	count->received++;
	if (fate.drop) {
		count->dropped++;
		return;
	}
	if (fate.reorder && !c->held[way]) {
		c->held[way] = enqueue(r, c, way, len, mono_add(due, MAX_HOLD));
		count->reordered += c->held[way] != NULL;
		return;
	}
	enqueue(r, c, way, len, due);
	if (c->held[way]) {
		datagrams_move(&r->waiting, c->held[way], due);
		c->held[way] = NULL;
	}
	if (fate.duplicate && enqueue(r, c, way, len, mono_add(now, fate.copy_delay))) {
		count->duplicated++;
	}
}

static void deliver(struct relay *r, const struct datagram *d)
{
	struct relay_client *c = &r->clients[d->flow / RELAY_WAYS];
	enum relay_way way = d->flow % RELAY_WAYS;
	ssize_t sent;

	if (c->held[way] == d) {
		c->held[way] = NULL;
	}
	if (way == RELAY_TO_SERVER) {
		sent = send(c->fd, d->data, d->len, 0);
	} else {
		sent = sendto(r->fd, d->data, d->len, 0, (const struct sockaddr *)&c->addr,
			      c->addr_len);
	}
	if (sent < 0) {
		r->counters[way].failed++;
	} else {
		r->counters[way].sent++;
	}
}

void relay_deliver_due(struct relay *r, struct mono now)
{
	struct datagram *d;

	while ((d = datagrams_take_due(&r->waiting, now))) {
		deliver(r, d);
		free(d);
	}
}

/* --- clients --- */

static struct relay_client *client_find(struct relay *r, const struct sockaddr_storage *addr,
					socklen_t len)
{
	for (struct relay_client *c = r->clients; c < r->clients + RELAY_MAX_CLIENTS; c++) {
		if (c->fd && c->addr_len == len && memcmp(&c->addr, addr, len) == 0) {
			return c;
		}
	}
	return NULL;
}

static void client_remove(struct relay *r, struct relay_client *c)
{
	for (enum relay_way way = 0; way < RELAY_WAYS; way++) {
		r->counters[way].failed += datagrams_drop_flow(&r->waiting, flow_of(r, c, way));
	}
	close(c->fd);
	memset(c, 0, sizeof(*c));
}

/* A free place, else that of the client that has been idle longest. */
static struct relay_client *client_place(struct relay *r)
{
	struct relay_client *oldest = r->clients;

	for (struct relay_client *c = r->clients; c < r->clients + RELAY_MAX_CLIENTS; c++) {
		if (!c->fd) {
			return c;
		}
		if (mono_since(oldest->last_used, c->last_used) > 0) {
			oldest = c;
		}
	}
	client_remove(r, oldest);
	return oldest;
}

static struct relay_client *client_add(struct relay *r, const struct sockaddr_storage *addr,
				       socklen_t len)
{
	const struct relay_address *server = &r->options.server;
	struct relay_client *c = client_place(r);
	int fd = socket(server->addr.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0) {
		return NULL;
	}
	if (connect(fd, (const struct sockaddr *)&server->addr, server->len)) {
		close(fd);
		return NULL;
	}
	*c = (struct relay_client){ .addr = *addr, .addr_len = len, .fd = fd };
	return c;
}

struct relay_client *relay_client_of(struct relay *r, const struct sockaddr_storage *addr,
				     socklen_t len)
{
	struct relay_client *c = client_find(r, addr, len);

	return c ? c : client_add(r, addr, len);
}

void relay_clients_close(struct relay *r)
{
	for (struct relay_client *c = r->clients; c < r->clients + RELAY_MAX_CLIENTS; c++) {
		if (c->fd) {
			client_remove(r, c);
		}
	}
}
