/*
 * From what people type to where a server is: names through the resolver, ports through rpcbind.
 */
#ifndef CLIENT_TARGET_H
#define CLIENT_TARGET_H

#include "core/parse.h"
#include "rpc/address.h"
#include "sys/clock.h"

#define TARGET_MAX_ADDRESSES 8
#define TARGET_WHY_MAX       800

struct target {
	struct parse_host host; /* as it was typed, with the port from the option if need be */
	int socktype;
	size_t n;
	struct address addresses[TARGET_MAX_ADDRESSES]; /* of the host; without a port yet unless
							   one was given */
};

struct target_options {
	int family;    /* AF_UNSPEC, AF_INET or AF_INET6 */
	int socktype;  /* SOCK_DGRAM or SOCK_STREAM */
	uint16_t port; /* for hosts typed without one; 0: ask rpcbind */
};

/* Find the addresses of a host. 0, or -1 with the reason as a sentence in `why`. */
int target_resolve(struct target *out, const struct parse_host *host,
		   const struct target_options *options, char why[TARGET_WHY_MAX]);

/*
 * Address `i` of the target with the port where its time is served, asking rpcbind if need be for
 * at most `timeout` ns. 0, or -1 with the reason, and what to do about it, in `why`.
 */
int target_locate(struct address *out, const struct target *t, size_t i, struct clock *clock,
		  dur_ns timeout, char why[TARGET_WHY_MAX]);

#endif
