/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/relay_clients.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/hash.h"
#include "core/splitmix.h"
#include "rpc/address.h"

#define MAX_HOLD NS_PER_SEC /* for a reordered datagram that nothing follows */

/* --- links: the treatment of a host's datagrams --- */

static struct host host_of(const struct relay_client *c)
{
	const struct address at = { .sa = c->addr, .len = c->addr_len };

	return address_host(&at);
}

/* The link of that host, or null. */
static struct relay_link *link_find(struct relay *r, const struct host *host)
{
	for (struct relay_link *l = r->links; l < r->links + RELAY_MAX_LINKS; l++) {
		if (l->used && host_equal(&l->host, host)) {
			return l;
		}
	}
	return NULL;
}

/* The fates of a host depend on the seed and on the host, not on what others do meanwhile. */
static void link_seed(struct relay_link *l, int64_t seed, uint64_t salt)
{
	for (enum relay_way way = 0; way < RELAY_WAYS; way++) {
		l->sources[way] = (struct fate_source){
			.random = ((uint64_t)seed * RELAY_WAYS + way) ^ salt,
		};
	}
}

static struct relay_link *link_add(struct relay *r, const struct host *host)
{
	for (struct relay_link *l = r->links; l < r->links + RELAY_MAX_LINKS; l++) {
		if (!l->used) {
			*l = (struct relay_link){ .used = true, .host = *host };
			link_seed(l, r->options.seed,
				  splitmix_mix(hash_bytes(0, host->octets, sizeof(host->octets))));
			return l;
		}
	}
	return NULL;
}

void relay_links_open(struct relay *r)
{
	r->common = (struct relay_link){ .options = r->options.link };
	link_seed(&r->common, r->options.seed, 0);
}

void relay_links_close(struct relay *r)
{
	link_options_forget(&r->common.options);
	for (struct relay_link *l = r->links; l < r->links + RELAY_MAX_LINKS; l++) {
		link_options_forget(&l->options);
	}
}

bool relay_link_set(struct relay *r, const struct host *host, const struct link_options *options)
{
	struct relay_link *l = host ? link_find(r, host) : &r->common;

	l = l ? l : link_add(r, host);
	if (!l) {
		return false;
	}
	link_options_forget(&l->options);
	l->options = *options;
	return true;
}

void relay_link_forget(struct relay *r, const struct host *host)
{
	struct relay_link *l = link_find(r, host);

	if (l) {
		link_options_forget(&l->options);
		*l = (struct relay_link){ 0 };
	}
}

static struct fate next_fate(struct relay *r, const struct relay_client *c, enum relay_way way)
{
	const struct host host = host_of(c);
	struct relay_link *l = link_find(r, &host);

	l = l ? l : &r->common;
	return fate_draw(&l->options.rules[way], &l->sources[way]);
}

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

static void note_delay(struct relay_delays *d, dur_ns delay)
{
	d->least = d->n == 0 || delay < d->least ? delay : d->least;
	d->most = delay > d->most ? delay : d->most;
	d->n++;
}

void relay_pass(struct relay *r, struct relay_client *c, enum relay_way way, size_t len,
		struct mono now)
{
	struct relay_counters *count = &r->counters[way];
	struct fate fate = next_fate(r, c, way);
	struct mono due = mono_add(now, fate.delay);

	c->last_used = now;
	count->received++;
	if (fate.drop) {
		count->dropped++;
		return;
	}
	note_delay(&r->delays[way], fate.delay);
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

static void note_lateness(struct relay_lateness *l, dur_ns late)
{
	l->n++;
	l->sum += late;
	l->most = late > l->most ? late : l->most;
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
		note_lateness(&r->lateness, mono_since(now, d->due));
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

/* From the client's own address where that is one of this machine, so that the server sees it. */
static void bind_as(int fd, const struct sockaddr_storage *addr, socklen_t len)
{
	struct address from = { .sa = *addr, .len = len };

	address_set_port(&from, 0);
	(void)bind(fd, (const struct sockaddr *)&from.sa, len);
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
	bind_as(fd, addr, len);
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
