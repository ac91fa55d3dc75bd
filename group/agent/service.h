/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The agent's answers to others: TIMEGROUP_PROG, and TIMESYNC_PROG for measurements, on the socket
 * that members call and on the local one of this machine's administrator.
 */
#ifndef GROUP_AGENT_SERVICE_H
#define GROUP_AGENT_SERVICE_H

#include "group/core/agent.h"
#include "rpc/mac.h"
#include "os/clock.h"
#include "rpc/server/access.h"

struct group_service;

/*
 * Hand the agent an event: a call, which *reply is the answer to if it returns true; or, with a
 * null reply, that something was refused.
 */
typedef bool group_service_ask_fn(void *arg, const struct agent_event *event,
				  struct agent_reply *reply);

struct group_service_setup {
	int fd;                      /* the bound socket that members call; not owned */
	int local_fd;                /* listening for the administrator; -1: none; not owned */
	struct clock *clock;         /* that is measured */
	struct mac *mac;             /* null: without keys */
	const struct access *access; /* who may call */
	int64_t rate;                /* calls a second of one address; 0: no limit */
	group_service_ask_fn *ask;
	void *arg;
};

/* 0 or -errno. The caller releases it with group_service_close. */
int group_service_open(struct group_service **out, const struct group_service_setup *setup);
void group_service_close(struct group_service *s);

/* Answer the calls that have come on the members' socket. */
void group_service_serve(struct group_service *s);

/* The local one: readable when there is work; -1 if there is none. */
int group_service_local_fd(const struct group_service *s);
void group_service_serve_local(struct group_service *s);
/* Close its connections that are idle for too long: in how many ns again, negative: no more. */
dur_ns group_service_expire(struct group_service *s, struct mono now);

#endif
