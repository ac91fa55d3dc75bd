/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other groups of our name and key on our networks. Where two members have founded one each, both
 * lead, and no member of one hears of the other: they stay apart until somebody notices. So all
 * members of a group ask the rpcbinds now and then, in turn; and who asks us for our status, and is
 * no member, is asked for its own.
 */
#ifndef GROUP_CORE_RIVALS_H
#define GROUP_CORE_RIVALS_H

#include "group/core/candidates.h"

/* {0} at start. */
struct rivals {
	bool asking;               /* answers are waited for */
	struct mono at;            /* the next question is asked, or the last one is closed */
	dur_ns pause;              /* from one to the next */
	struct mono suspect_after; /* until then nobody is asked because it has asked us */
	member_id said;            /* logged: the leader of another group, or MEMBER_NONE */
	struct mono said_at;
	struct candidates candidates;
};

void rivals_start(struct rivals *r, const struct agent_context *c);
void rivals_tick(struct rivals *r, const struct agent_context *c);
struct mono rivals_next(const struct rivals *r, const struct agent_context *c);

/* The question has been asked, or could not be asked anywhere: 0 or -errno. */
void rivals_searched(struct rivals *r, const struct agent_context *c, int error);

/* Somebody at that address has answered the broadcast. */
void rivals_found(struct rivals *r, const struct agent_context *c, const struct member_address *at);

/* A member of our group's name, or MEMBER_NONE, has asked for our status, under our key. */
void rivals_suspect(struct rivals *r, const struct agent_context *c, member_id asker);

/* A candidate has answered with its status, or has not: null. */
void rivals_status(struct rivals *r, const struct agent_context *c, const struct agent_tag *tag,
		   const struct group_status *s);

#endif
