/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The IPv4 networks that this machine is on, and where all hosts of each are reached.
 */
#ifndef RPC_NETWORKS_H
#define RPC_NETWORKS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

struct ifaddrs;

#define NETWORKS_MAX 128

struct networks {
	size_t n;
	struct sockaddr_in own[NETWORKS_MAX]; /* this machine's own address there */
	struct sockaddr_in to[NETWORKS_MAX];  /* all hosts of it, each once; port 0 */
	bool all_configured;                  /* all of these are set as broadcast addresses */
	bool shared;                          /* this machine has another address on one of them */
};

/*
 * Find those that are up and no loopback: the ones with broadcast and, if `peers`, the ones that
 * consist of a peer at the other end of a point-to-point link. 0 or -errno.
 */
int networks_find(struct networks *out, bool peers);

/* The same among these interfaces. */
void networks_choose(struct networks *out, const struct ifaddrs *all, bool peers);

#endif
