/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The datagram transport serving a fake clock on a socket of the loopback, and its clients.
 */
#ifndef TESTS_SUPPORT_SERVED_DGRAM_H
#define TESTS_SUPPORT_SERVED_DGRAM_H

#include "rpc/server/svc_dgram.h"
#include "tests/support/served.h"

#define SERVED_CLIENTS 4

struct served_dgram {
	struct served served;
	int fd; /* the server's */
	struct address at;
	struct svc_dgram *transport;
	int clients[SERVED_CLIENTS]; /* their sockets, connected by the loopback */
};

/* The result of GET_TIMESTAMPS or its interleaved form. */
struct stamps {
	uint32_t xid;
	ts_ns t1, t2, t3, prev_tx;
};

/* Serve at an address, port 0 being any; 0 or -errno. Released with served_dgram_close. */
int served_dgram_open(struct served_dgram *s, struct address at);
void served_dgram_close(struct served_dgram *s);

/* The socket of one more client; the caller closes it. */
int served_dgram_client(const struct served_dgram *s);

/* Send a call, or its first `len` octets; it is there when this returns. */
void served_dgram_send(const struct served_dgram *s, int client, const struct message *call,
		       size_t len);

/* Wait for the next reply to a client. Its length. */
size_t served_dgram_reply(int client, uint8_t bytes[SVC_REPLY_MAX]);

/* The same, failing the test unless it is a result of that kind. */
struct stamps served_dgram_stamps(int client);

#endif
