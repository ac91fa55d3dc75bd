/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the server's transports share: how calls are answered, who may call, and what is counted.
 */
#ifndef RPC_SERVER_SVC_ENV_H
#define RPC_SERVER_SVC_ENV_H

#include "core/ratelimit.h"
#include "rpc/server/access.h"
#include "rpc/server/counters.h"
#include "rpc/server/svc_message.h"

struct svc_env {
	struct svc_message *message;
	struct clock *clock;         /* which is served */
	const struct access *access; /* who is served */
	struct ratelimit *limiter;   /* null: everyone may call as often as they like */
	struct counters *counters;
	/* The longest call and reply; 0 for SVC_CALL_MAX and SVC_REPLY_MAX. */
	size_t call_max, reply_max;
};

/* Whether that host is served; counts it if not. */
bool svc_env_allows(const struct svc_env *env, const struct host *host);

/* What a host counts as where each has a share: itself or, for IPv6 beyond the link, its /64. */
struct host svc_env_client(const struct host *host);

/*
 * Answer the call of that host as svc_message_answer does, unless it, or what it counts as, may not
 * call now, and count it as one that came by that socket type. What is no call takes nothing of
 * what the host may. Datagrams, whose sender can be forged, and connections have a limit each.
 * False when there is no reply.
 */
bool svc_env_answer(const struct svc_env *env, int socktype, const struct host *host,
		    const struct svc_call *call, struct svc_reply *reply);

#endif
