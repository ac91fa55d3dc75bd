/* SPDX-License-Identifier: BSD-3-Clause */
/* The kinds of addresses. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "rpc/address.h"

#define MAPPED_AT 12 /* the octet where an IPv4 address begins in an IPv6 one */

/* The address is IPv4, or IPv4 mapped into IPv6: take it out. */
static bool take_in4(const struct address *a, uint32_t *out)
{
	const struct host h = address_host(a);

	if (a->sa.ss_family != AF_INET &&
	    (a->sa.ss_family != AF_INET6 ||
	     !IN6_IS_ADDR_V4MAPPED(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr))) {
		return false;
	}
	*out = (uint32_t)h.octets[MAPPED_AT] << 24 | (uint32_t)h.octets[MAPPED_AT + 1] << 16 |
	       (uint32_t)h.octets[MAPPED_AT + 2] << 8 | h.octets[MAPPED_AT + 3];
	return true;
}

/* An IPv4 address as DNS64 returns it to hosts with IPv6 only. */
static bool take_translated(const struct address *a, uint32_t *out)
{
	static const uint8_t prefix[MAPPED_AT] = { 0x00, 0x64, 0xff, 0x9b };
	struct address mapped = *a;
	struct in6_addr *in6 = &((struct sockaddr_in6 *)&mapped.sa)->sin6_addr;

	if (a->sa.ss_family != AF_INET6 || memcmp(in6, prefix, sizeof(prefix)) != 0) {
		return false;
	}
	memset(in6, 0, 10);
	memset(in6->s6_addr + 10, 0xff, 2);
	return take_in4(&mapped, out);
}

static enum address_kind in4_kind(uint32_t in4)
{
	return in4 == INADDR_ANY         ? ADDRESS_ANY
	       : in4 == INADDR_BROADCAST ? ADDRESS_BROADCAST
	       : IN_MULTICAST(in4)       ? ADDRESS_MULTICAST
					 : ADDRESS_HOST;
}

enum address_kind address_kind(const struct address *a)
{
	const struct in6_addr *in6 = &((const struct sockaddr_in6 *)&a->sa)->sin6_addr;
	uint32_t in4;

	if (take_in4(a, &in4) || take_translated(a, &in4)) {
		return in4_kind(in4);
	}
	if (a->sa.ss_family != AF_INET6) {
		return ADDRESS_HOST;
	}
	return IN6_IS_ADDR_UNSPECIFIED(in6) ? ADDRESS_ANY
	       : IN6_IS_ADDR_MULTICAST(in6) ? ADDRESS_MULTICAST
					    : ADDRESS_HOST;
}

/* Whether a socket may be for that address, with the right to broadcast or without. 0 or -errno. */
static int try_socket(const struct sockaddr_in *to, int broadcast)
{
	const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ||
				 setsockopt(fd, SOL_SOCKET, SO_BROADCAST, &broadcast,
					    sizeof(broadcast)) < 0 ||
				 connect(fd, (const struct sockaddr *)to, sizeof(*to)) < 0
			 ? -errno
			 : 0;

	if (fd >= 0) {
		close(fd);
	}
	return rc;
}

enum address_kind address_kind_here(const struct address *a)
{
	const enum address_kind kind = address_kind(a);
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(1) };
	uint32_t in4;

	if (kind != ADDRESS_HOST || !take_in4(a, &in4)) {
		return kind;
	}
	to.sin_addr.s_addr = htonl(in4);
	return try_socket(&to, 0) == -EACCES && try_socket(&to, 1) == 0 ? ADDRESS_BROADCAST : kind;
}

bool address_is_any(const struct address *a)
{
	uint32_t in4;

	return address_kind(a) == ADDRESS_ANY &&
	       (a->sa.ss_family == AF_INET || (!take_in4(a, &in4) && !take_translated(a, &in4)));
}

bool address_is_loopback(const struct address *a)
{
	uint32_t in4;

	if (take_in4(a, &in4)) {
		return in4 >> 24 == IN_LOOPBACKNET;
	}
	return a->sa.ss_family == AF_INET6 &&
	       IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a->sa)->sin6_addr);
}

bool address_is_one_host(const struct address *a)
{
	return address_kind(a) == ADDRESS_HOST;
}
