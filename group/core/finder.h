/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a group by broadcast, and joining it: ask every rpcbind for a member's port; ask the
 * hosts that have one for their status, which only a member of our group can authenticate for us;
 * ask the leader to let us in. Any step may fail, so the search begins anew until we are in.
 */
#ifndef GROUP_CORE_FINDER_H
#define GROUP_CORE_FINDER_H

#include "group/core/candidates.h"

/* {0} at start. */
struct finder {
	bool looking;
	bool began;             /* logged */
	struct mono at;         /* the next question is asked */
	dur_ns pause;           /* until the one after it */
	unsigned questions;     /* since a leader answered */
	bool answered;          /* since then: a member has, that does not lead */
	struct mono join_after; /* until then somebody may still be letting us in */
	bool was_let_in;        /* and nothing has come of it yet */
	struct seldom complained;
	struct candidates candidates;
};

/* Begin to look, if that was asked for and this member belongs to no group. */
void finder_start(struct finder *f, const struct agent_context *c);

/* Ask the next question when it is due; stop when this member belongs to a group. */
void finder_tick(struct finder *f, const struct agent_context *c);
struct mono finder_next(const struct finder *f, const struct agent_context *c);

/* The question has been asked: 0 or -errno. */
void finder_searched(struct finder *f, const struct agent_context *c, int error);

/* Somebody at that address has answered the broadcast. */
void finder_found(struct finder *f, const struct agent_context *c, const struct member_address *at);

/* A candidate has answered: with its status, or null; to a JOIN, with what it says, or null. */
void finder_status(struct finder *f, const struct agent_context *c, const struct agent_tag *tag,
		   const struct group_status *s);
void finder_joined(struct finder *f, const struct agent_context *c, const struct agent_tag *tag,
		   const enum group_answer *answer);

#endif
