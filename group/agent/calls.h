/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The agent's calls to other members, and their answers: with MACs, or as plain measurements.
 */
#ifndef GROUP_AGENT_CALLS_H
#define GROUP_AGENT_CALLS_H

#include "group/core/agent.h"
#include "rpc/mac.h"
#include "rpc/address.h"
#include "os/clock.h"

struct calls;

/* Hand an event to the agent: the answer to a call, or that a false one came. */
typedef void calls_event_fn(void *arg, const struct agent_event *event);

struct calls_setup {
	struct address from; /* calls leave from a free port of this address */
	size_t max;          /* calls at a time */
	struct clock *clock;
	struct mac *mac; /* null: without keys */
	calls_event_fn *event;
	void *arg;
};

/* 0 or -errno. The caller releases it with calls_close. */
int calls_open(struct calls **out, const struct calls_setup *setup);
void calls_close(struct calls *s);

/* Readable when calls_serve has work. */
int calls_fd(const struct calls *s);
void calls_serve(struct calls *s);

/* End the calls that have timed out. The time until the next one does; INT64_MAX without calls. */
void calls_expire(struct calls *s, struct mono now);
dur_ns calls_wait(const struct calls *s, struct mono now);

/*
 * Send to the member at `to`. 0, and an event follows; or no event follows, and -EAGAIN (too many
 * calls are under way) or -errno.
 */
int calls_send(struct calls *s, const struct agent_send *send, member_id to,
	       const struct member_address *at);
int calls_measure(struct calls *s, const struct agent_measure *measure);

#endif
