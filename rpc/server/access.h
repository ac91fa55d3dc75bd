/* SPDX-License-Identifier: BSD-3-Clause */
/* The access list: the networks that are served. */
#ifndef RPC_SERVER_ACCESS_H
#define RPC_SERVER_ACCESS_H

#include "rpc/address.h"

#define ACCESS_MAX_RULES 64

struct access_rule {
	struct host network;
	unsigned bits; /* of it that count, of 128 */
};

/* Zeroed, it has no rule, and allows everyone. */
struct access {
	size_t n;
	struct access_rule rules[ACCESS_MAX_RULES];
};

/*
 * Allow "192.0.2.0/24", "2001:db8::/32" or one address, besides those allowed already. 0, or
 * -EINVAL, -ENOSPC, and -EDOM when the address has bits beyond its prefix, which is most likely a
 * mistake.
 */
int access_allow(struct access *a, const char *cidr);

/* Whether that host is served. */
bool access_allows(const struct access *a, const struct host *h);

#endif
