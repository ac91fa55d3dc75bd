/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The stream transport of the server: RPC records over TCP from any number of clients, none of
 * which can delay another, hold more than a few hundred octets, or stay for ever.
 *
 * All connections live in one epoll, whose descriptor the caller watches; a wake-up costs the same
 * whatever the number of idle connections.
 */
#ifndef RPC_SERVER_SVC_STREAM_H
#define RPC_SERVER_SVC_STREAM_H

#include "rpc/server/admission.h"

struct svc_stream_limits {
	size_t connections;             /* in all */
	size_t connections_per_address; /* from one address, or one /64 of IPv6 */
	dur_ns idle_timeout;            /* an idle connection is closed after this */
	dur_ns busy_timeout; /* half a call, or a reply that is not read, may take this long */
};

struct svc_stream;

/*
 * A transport without listeners yet, serving in `admission`, which must outlive it. 0 or -errno.
 * The caller releases it, and so all connections, with svc_stream_close.
 */
int svc_stream_open(struct svc_stream **out, const struct admission *admission,
		    const struct svc_stream_limits *limits);
void svc_stream_close(struct svc_stream *s);

/*
 * Accept connections on the listening, non-blocking socket `fd`, which stays the caller's. Those to
 * a local socket are for root and our own user only.
 */
int svc_stream_listen(struct svc_stream *s, int fd);

/* Readable when svc_stream_serve has work. */
int svc_stream_fd(const struct svc_stream *s);

/* Accept, read and answer as far as clients are ready, a bounded amount. Never blocks. */
void svc_stream_serve(struct svc_stream *s);

/*
 * Close a bounded number of connections that have timed out. Returns in how many ns to call this
 * again, at most a second; 0 if there may be more.
 */
dur_ns svc_stream_expire(struct svc_stream *s, struct mono now);

/* Close the connections of hosts that are not allowed any more. */
void svc_stream_close_denied(struct svc_stream *s);

/* Connections open now. */
size_t svc_stream_connections(const struct svc_stream *s);

#endif
