/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes that administrators, or newcomers, ask the leader for: JOIN, LEAVE and STEP_DOWN; and
 * RECOVER, for which there is no leader. Each has to bring back the nonce of a status that was seen
 * before, and a nonce is good for one change.
 */
#ifndef GROUP_CORE_CHANGE_H
#define GROUP_CORE_CHANGE_H

#include "group/core/context.h"
#include "group/core/newcomers.h"

/* {0} at start. */
struct change {
	bool has_nonce;
	struct ticket_nonce nonce;
	struct mono nonce_ends;
	struct newcomers newcomers;
};

/* The nonce for the next change. It lives as long as it was to from the start. */
struct ticket_nonce change_nonce(struct change *h, const struct agent_context *c);

/*
 * Do what `proc` asks for, in memory: the caller performs *actions, and has it saved before anybody
 * is told the answer.
 */
enum group_answer change_make(struct change *h, const struct agent_context *c,
			      enum group_procedure proc, const struct group_change *what,
			      struct election_actions *actions);

#endif
