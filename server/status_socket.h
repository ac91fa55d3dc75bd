/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The local socket on which the supervisor answers how the daemon does.
 */
#ifndef SERVER_STATUS_SOCKET_H
#define SERVER_STATUS_SOCKET_H

#include "server/statistics.h"
#include "os/loop.h"

struct status_socket;

/*
 * Listen at `path`, or, if that is null, at the default place as far as that is possible. 0 (with
 * null in `out` when the default place cannot be had), or -errno after logging why.
 */
int status_socket_open(struct status_socket **out, const char *path, struct statistics *statistics);

/* Where it is, if that is the default place; else, or if `s` is null, null. */
const struct address *status_socket_default(const struct status_socket *s);

/* Serve from `loop`, which is to be closed before the socket is. 0 or -errno. Null is fine. */
int status_socket_serve(struct status_socket *s, struct loop *loop);

/* For a process that was forked: release all, and leave the socket to the other; null is fine. */
void status_socket_leave(struct status_socket *s);

/* Remove the socket and release all; null is fine. */
void status_socket_close(struct status_socket *s);

#endif
