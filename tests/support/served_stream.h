/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stream transport serving a fake clock, on the loopback and on a local socket, and its
 * clients.
 */
#ifndef TESTS_SUPPORT_SERVED_STREAM_H
#define TESTS_SUPPORT_SERVED_STREAM_H

#include "rpc/server/svc_stream.h"
#include "tests/support/scratch.h"
#include "tests/support/served.h"

struct served_stream {
	struct served served;
	struct svc_stream *transport;
	struct address at, local_at;
	int listener, local_listener;
	struct scratch scratch; /* where the local socket is */
};

/* 0 or -errno. The caller releases it with served_stream_close. */
int served_stream_open(struct served_stream *s, const struct svc_stream_limits *limits);
void served_stream_close(struct served_stream *s);

/* A new client, connected and accepted, or refused; from that address if it is not null. */
int served_stream_client(struct served_stream *s, const char *from);

/* Serve the clients that wait. Fails the test if none ever does. */
void served_stream_serve(const struct served_stream *s);

/* Send octets to the server, and have them served. */
void served_stream_send(const struct served_stream *s, int client, const void *octets, size_t n);

/* Whether a call on that connection is answered. Fails the test if it is answered wrongly. */
bool served_stream_answers(const struct served_stream *s, int client);

/*
 * A new client, by the local socket (which holds little), that has called without reading a reply
 * until the server read no more calls either.
 */
int served_stream_unread_client(struct served_stream *s);

/* Whether the server has closed that connection. */
bool served_stream_closed(int client);

#endif
