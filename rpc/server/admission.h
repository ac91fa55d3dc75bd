/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checks that a server makes before it answers a call (access list, rate limit), and the
 * counters. All transports of a server share one.
 */
#ifndef RPC_SERVER_ADMISSION_H
#define RPC_SERVER_ADMISSION_H

#include "core/ratelimit.h"
#include "rpc/server/access.h"
#include "rpc/server/counters.h"
#include "rpc/server/svc_message.h"

struct admission {
	struct svc_message *message;
	struct clock *clock;         /* the served clock */
	const struct access *access; /* the networks that are served */
	struct ratelimit *limiter;   /* null: no limit */
	struct counters *counters;
	/* The longest call and reply; 0 for SVC_CALL_MAX and SVC_REPLY_MAX. */
	size_t call_max, reply_max;
};

/* Whether `host` is in the access list; counts a denial if not. */
bool admission_allows(const struct admission *admission, const struct host *host);

/* The client that a host belongs to for limits: itself, or its /64 for IPv6 beyond the link. */
struct host admission_client(const struct host *host);

/*
 * Answer a call as svc_message_answer does, unless the client that `host` belongs to is over its
 * rate limit, and count it for that socket type. A message that is not a call does not use up the
 * limit. Datagrams, whose sender can be forged, and connections have separate limits. False when
 * there is no reply.
 */
bool admission_answer(const struct admission *admission, int socktype, const struct host *host,
		      const struct svc_call *call, struct svc_reply *reply);

#endif
