/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/networks.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <string.h>

static struct in_addr in4_of(const struct sockaddr *sa)
{
	struct sockaddr_in in4 = { .sin_addr.s_addr = INADDR_ANY };

	if (sa && sa->sa_family == AF_INET) {
		memcpy(&in4, sa, sizeof(in4));
	}
	return in4.sin_addr;
}

/*
 * Where all hosts of the interface's network are. It may have no broadcast address set, and
 * getifaddrs then gives the own address, or nothing: it is computed from the mask (RFC 922, section
 * 7), if there is room for one.
 */
static struct in_addr broadcast_of(const struct ifaddrs *i, bool *configured)
{
	const struct in_addr own = in4_of(i->ifa_addr), set = in4_of(i->ifa_broadaddr);
	const uint32_t mask = ntohl(in4_of(i->ifa_netmask).s_addr);
	struct in_addr to = { .s_addr = INADDR_ANY };

	*configured = set.s_addr != INADDR_ANY && set.s_addr != own.s_addr;
	if (*configured) {
		return set;
	}
	if (mask != 0 && ~mask > 1) { /* a /31 and a /32 have none (RFC 3021) */
		to.s_addr = own.s_addr | htonl(~mask);
	}
	return to;
}

/* The address to ask through an interface. INADDR_ANY: none. */
static struct in_addr to_of(const struct ifaddrs *i, bool peers, bool *configured)
{
	const struct in_addr nobody = { .s_addr = INADDR_ANY };

	*configured = false;
	if (!i->ifa_addr || i->ifa_addr->sa_family != AF_INET || !(i->ifa_flags & IFF_UP) ||
	    (i->ifa_flags & IFF_LOOPBACK)) {
		return nobody;
	}
	if (i->ifa_flags & IFF_BROADCAST) {
		return broadcast_of(i, configured);
	}
	if (peers && (i->ifa_flags & IFF_POINTOPOINT) &&
	    in4_of(i->ifa_dstaddr).s_addr != in4_of(i->ifa_addr).s_addr) {
		return in4_of(i->ifa_dstaddr);
	}
	return nobody;
}

static bool is_known(const struct networks *n, struct in_addr to)
{
	for (size_t i = 0; i < n->n; i++) {
		if (n->to[i].sin_addr.s_addr == to.s_addr) {
			return true;
		}
	}
	return false;
}

void networks_choose(struct networks *out, const struct ifaddrs *all, bool peers)
{
	out->n = 0;
	out->all_configured = true;
	out->shared = false;
	for (const struct ifaddrs *i = all; i && out->n < NETWORKS_MAX; i = i->ifa_next) {
		bool configured;
		const struct in_addr to = to_of(i, peers, &configured);

		if (to.s_addr == INADDR_ANY || is_known(out, to)) {
			out->shared |= to.s_addr != INADDR_ANY;
			continue;
		}
		out->all_configured &= configured;
		out->own[out->n] = (struct sockaddr_in){ .sin_family = AF_INET,
							 .sin_addr = in4_of(i->ifa_addr) };
		out->to[out->n++] = (struct sockaddr_in){ .sin_family = AF_INET, .sin_addr = to };
	}
}

int networks_find(struct networks *out, bool peers)
{
	struct ifaddrs *all;

	out->n = 0;
	if (getifaddrs(&all) < 0) {
		return -errno;
	}
	networks_choose(out, all, peers);
	freeifaddrs(all);
	return 0;
}
