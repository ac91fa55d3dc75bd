/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Names to addresses, by the system's resolver, which may block for most of a minute: so it runs in
 * a process of its own, that can be given up.
 */
#ifndef RPC_LOOKUP_H
#define RPC_LOOKUP_H

#include "core/parse.h"
#include "os/clock.h"
#include "rpc/address.h"

#define LOOKUP_MAX     32
#define LOOKUP_WHY_MAX 160

struct lookup_options {
	int family;   /* AF_UNSPEC, AF_INET or AF_INET6 */
	int socktype; /* SOCK_DGRAM or SOCK_STREAM */
	dur_ns timeout;
	struct clock *clock; /* to wait by: when its waits are cancelled, pending lookups are given
				up; null: the system's */
};

/* A name and its result. */
struct lookup {
	char name[PARSE_HOST_MAX + 1]; /* set by the caller: a name or an address as text */
	int rc;    /* 0, -ENOENT (`error` says why), -ETIMEDOUT, -ECANCELED, or -errno */
	int error; /* the resolver's, for gai_strerror(3) */
	size_t n;  /* addresses, in the resolver's order, without ports */
	struct address addresses[LOOKUP_MAX];
};

/* Look up `n` names, side by side, for at most options->timeout in all. Addresses do not wait. */
void lookup_all(struct lookup *lookups, size_t n, const struct lookup_options *options);

/* Why the lookup, with these options, failed: in words. Returns `buf`. */
const char *lookup_why(const struct lookup *l, const struct lookup_options *options,
		       char buf[LOOKUP_WHY_MAX]);

#endif
