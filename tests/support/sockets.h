/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Sockets on the loopback, and waiting for what arrives there.
 */
#ifndef TESTS_SUPPORT_SOCKETS_H
#define TESTS_SUPPORT_SOCKETS_H

#include "rpc/address.h"

/* Packets arrive within this time, however busy the machine is. */
#define SOCKETS_LONGEST_MS 10000

/*
 * A non-blocking socket bound to that address, and listening if it is a stream; *at becomes the
 * address that it has. Ends the program, saying why, if that cannot be done.
 */
int sockets_bind(struct address *at, int socktype);

/* A non-blocking socket connected to that address, in the same way. */
int sockets_connect(const struct address *to, int socktype);

/* The same for a stream, from that address of this machine. */
int sockets_connect_from(const char *from, const struct address *to);

/* Whether there is something to read, or the end, before the time is up. */
bool sockets_readable(int fd, int timeout_ms);

/*
 * Send a datagram from `fd` to the socket `to` of this process, which `fd` is connected to, and see
 * it arrive there; in the same way.
 */
void sockets_deliver(int fd, int to, const void *bytes, size_t n);

/* Send a message or a piece of a stream whole, in the same way. */
void sockets_send(int fd, const void *bytes, size_t n);

#endif
