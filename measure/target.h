/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * From what people type to where a server is: names through the resolver, ports through rpcbind.
 */
#ifndef MEASURE_TARGET_H
#define MEASURE_TARGET_H

#include "core/parse.h"
#include "rpc/address.h"
#include "rpc/keys.h"
#include "os/clock.h"

#define TARGET_MAX_ADDRESSES 8
#define TARGET_WHY_MAX       800

struct target {
	struct parse_host host; /* as it was typed, with the port from the option if need be */
	int socktype;
	const struct keys *keys; /* to authenticate calls and replies by; null: they are not */
	size_t n;
	struct address addresses[TARGET_MAX_ADDRESSES]; /* of the host; without a port yet unless
							   one was given */
};

struct target_options {
	int family;              /* AF_UNSPEC, AF_INET or AF_INET6 */
	int socktype;            /* SOCK_DGRAM or SOCK_STREAM */
	uint16_t port;           /* for hosts typed without one; 0: ask rpcbind */
	const struct keys *keys; /* which must outlive the targets; null: none */
	dur_ns timeout;          /* of the lookup; 0: TARGET_TIMEOUT */
	struct clock *clock;     /* to wait by for the lookup; null: the system's */
};

/* The resolver asks the second name server after 5 s, and the third after 10 s. */
#define TARGET_TIMEOUT (12 * NS_PER_SEC)

/* A host on its way to its addresses. */
struct target_lookup {
	struct target target;     /* the caller sets its host, as it was typed */
	int rc;                   /* as of target_resolve */
	char why[TARGET_WHY_MAX]; /* if rc is not 0 */
};

/* Find the addresses of `n` hosts, side by side: fill in all but the hosts. */
void target_resolve_all(struct target_lookup *lookups, size_t n,
			const struct target_options *options);

/*
 * The same for one host. 0, or with the reason as a sentence in `why`: -ECANCELED when it was given
 * up because the clock's waits are called off, -1 in any other case.
 */
int target_resolve(struct target *out, const struct parse_host *host,
		   const struct target_options *options, char why[TARGET_WHY_MAX]);

/*
 * A guess at what the user meant instead of a host that leads nowhere, as a clause: "if 5600 is the
 * port, write [::1]:5600". "" when there is nothing to guess. Returns `buf`.
 */
const char *target_hint(const struct parse_host *typed, char buf[TARGET_WHY_MAX]);

/*
 * Address `i` of the target with the port where its time is served, asking rpcbind if need be for
 * at most `timeout` ns. 0, or -1 with the reason, and what to do about it, in `why`.
 */
int target_locate(struct address *out, const struct target *t, size_t i, struct clock *clock,
		  dur_ns timeout, char why[TARGET_WHY_MAX]);

#endif
