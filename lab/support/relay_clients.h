/* SPDX-License-Identifier: BSD-3-Clause */
/* The relay's clients, and the fate of the datagrams between them and the server. */
#ifndef LAB_SUPPORT_RELAY_CLIENTS_H
#define LAB_SUPPORT_RELAY_CLIENTS_H

#include "core/host.h"
#include "lab/support/datagrams.h"
#include "lab/support/relay_options.h"

#define RELAY_MAX_CLIENTS  256
#define RELAY_MAX_DATAGRAM 65536
#define RELAY_MAX_LINKS    256

/* The datagrams of a client, by its host, or of all hosts without a link of their own. */
struct relay_link {
	bool used;
	struct host host;
	struct link_options options;
	struct fate_source sources[RELAY_WAYS];
};

/* A client's calls leave from a socket of its own, so that each reply finds its way back. */
struct relay_client {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	int fd; /* connected to the server; 0 in a free place */
	struct mono last_used;
	struct datagram *held[RELAY_WAYS]; /* reordered: waits for the next one to pass it */
};

struct relay_counters {
	uint64_t received, sent, dropped, duplicated, reordered, failed;
};

/* The delays that were drawn for datagrams that were not dropped. */
struct relay_delays {
	uint64_t n;
	dur_ns least, most;
};

/* By how much datagrams were sent later than they were due: the relay's own error. */
struct relay_lateness {
	uint64_t n;
	dur_ns sum, most;
};

struct relay {
	int fd; /* where clients send */
	struct relay_options options;
	struct relay_link common, links[RELAY_MAX_LINKS];
	struct relay_counters counters[RELAY_WAYS];
	struct relay_delays delays[RELAY_WAYS];
	struct relay_lateness lateness;
	struct relay_client clients[RELAY_MAX_CLIENTS];
	struct datagrams waiting;
	unsigned char buffer[RELAY_MAX_DATAGRAM]; /* the datagram in hand */
};

/*
 * The client of that address; a new one takes the place of the client that has been idle longest if
 * no place is free. Null, with errno set, when no socket can be opened for it.
 */
struct relay_client *relay_client_of(struct relay *r, const struct sockaddr_storage *addr,
				     socklen_t len);

/* Forget all clients and the datagrams that wait for them. */
void relay_clients_close(struct relay *r);

/* Begin with the rules of the command line, which are taken over. */
void relay_links_open(struct relay *r);
void relay_links_close(struct relay *r);

/*
 * From now on, options for the clients of a host, or for all without their own if it is null. They
 * are taken over. False if there is no room for another host.
 */
bool relay_link_set(struct relay *r, const struct host *host, const struct link_options *options);

/* From now on those of a host are treated as all others. */
void relay_link_forget(struct relay *r, const struct host *host);

/* Decide the fate of the datagram of `len` bytes in the buffer, which arrived at `now`. */
void relay_pass(struct relay *r, struct relay_client *c, enum relay_way way, size_t len,
		struct mono now);

/* Send the datagrams that are due. */
void relay_deliver_due(struct relay *r, struct mono now);

#endif
