/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Socket addresses, and the three ways that RPC writes them: for people ("[::1]:111"), as the
 * universal addresses of RFC 5665 ("::1.0.111"), and as a netid with its family and socket type.
 */
#ifndef RPC_ADDRESS_H
#define RPC_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/host.h"

struct address {
	struct sockaddr_storage sa;
	socklen_t len;
};

/*
 * Long enough for any address as text, with its port, scope and terminating zero: the longest is
 * the path of a local socket.
 */
#define ADDRESS_TEXT_MAX 112

/* A netid of RFC 5665, section 5.2. */
struct netid {
	const char *name; /* "udp", "tcp", "udp6", "tcp6" */
	int family;       /* AF_INET or AF_INET6 */
	int socktype;     /* SOCK_DGRAM or SOCK_STREAM */
};

#define NETIDS 4
extern const struct netid netids[NETIDS];

/* The netid of that name, or of that family and socket type; null if there is none. */
const struct netid *netid_named(const char *name);
const struct netid *netid_of(int family, int socktype);

/* The wildcard, or the loopback, address of a family with that port. */
struct address address_any(int family, uint16_t port);
struct address address_loopback(int family, uint16_t port);

/* The address of the local stream socket at `path`. False when the path is too long. */
bool address_unix(struct address *out, const char *path);

/* Parse a numeric IPv4 or IPv6 address (with "%scope"); the port is 0. */
bool address_parse(struct address *out, const char *text);

/* The port of an IPv4 or IPv6 address; 0 for any other family. */
uint16_t address_port(const struct address *a);
void address_set_port(struct address *a, uint16_t port);

/* The host of an IPv4 or IPv6 address; zeros for any other family. */
struct host address_host(const struct address *a);

/*
 * Whether both are the same host; ports are ignored. A link-local address is one on each link; a
 * scope that only one of them has is ignored.
 */
bool address_is_same_host(const struct address *a, const struct address *b);

/* The same host and port. */
bool address_is_same_place(const struct address *a, const struct address *b);

/* The kind of host of an IPv4 or IPv6 address; HOST_ONE for any other family. */
enum host_kind address_kind(const struct address *a);

/*
 * As address_kind, but it also knows the broadcast addresses of this machine's networks:
 * 192.0.2.255 where it is in 192.0.2.0/24.
 */
enum host_kind address_kind_here(const struct address *a);

/* Whether it is the wildcard address of IPv4 or IPv6: 0.0.0.0 or ::, itself. */
bool address_is_any(const struct address *a);

/* Whether only this machine can reach it: 127.0.0.0/8, also mapped, or ::1. */
bool address_is_loopback(const struct address *a);

/* Whether it is a HOST_ONE. */
bool address_is_one_host(const struct address *a);

/* "127.0.0.1:111", "[::1]:111", or the path of a local socket. Returns `buf`. */
const char *address_text(const struct address *a, char buf[ADDRESS_TEXT_MAX]);

/* The same without the port. */
const char *address_host_text(const struct address *a, char buf[ADDRESS_TEXT_MAX]);

/* The universal address "127.0.0.1.0.111", which has no scope. Returns `buf`. */
const char *address_to_uaddr(const struct address *a, char buf[ADDRESS_TEXT_MAX]);

/* Parse a universal address of that family. False when it is not one. */
bool address_from_uaddr(struct address *out, int family, const char *uaddr);

#endif
