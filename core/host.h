/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Hosts by their addresses: an IPv6 address, or an IPv4 one mapped into it (RFC 4291, section
 * 2.5.5.2).
 */
#ifndef CORE_HOST_H
#define CORE_HOST_H

#include <stdbool.h>
#include <stdint.h>

#define HOST_OCTETS 16
#define HOST_V4_AT  12 /* the octet at which a mapped IPv4 address begins */

struct host {
	uint8_t octets[HOST_OCTETS];
};

/*
 * The kind of host that an address stands for. An IPv6 address with an IPv4 one in it, mapped or of
 * 64:ff9b::/96 (RFC 6052), is judged by that one.
 */
enum host_kind {
	HOST_ONE,       /* one host can have it */
	HOST_ANY,       /* the wildcard: 0.0.0.0, :: */
	HOST_MULTICAST, /* 224.0.0.0/4, ff00::/8 */
	HOST_BROADCAST, /* 255.255.255.255 */
};

/* The host of an IPv4 address. */
struct host host_of_v4(const uint8_t octets[4]);

/* Whether it is an IPv4 address, mapped. */
bool host_is_v4(const struct host *h);

/* Whether it is an IPv6 address that translates an IPv4 one (RFC 6052). */
bool host_is_translated(const struct host *h);

bool host_equal(const struct host *a, const struct host *b);

enum host_kind host_kind(const struct host *h);

/* Whether only the machine itself can reach it: 127.0.0.0/8 or ::1. */
bool host_is_loopback(const struct host *h);

#endif
