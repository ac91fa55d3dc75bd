/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Changes at the request of administrators or newcomers: JOIN, LEAVE and STEP_DOWN go to the
 * leader, RECOVER to a member without one. Each has to bring back the nonce of an earlier status,
 * and a nonce is good for one change.
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

/* The nonce for the next change. Asking again does not prolong its life. */
struct ticket_nonce change_nonce(struct change *h, const struct agent_context *c);

/*
 * Make the change `proc` in memory. The caller performs *actions, and has the state saved before it
 * sends the answer.
 */
enum group_answer change_make(struct change *h, const struct agent_context *c,
			      enum group_procedure proc, const struct group_change *what,
			      struct election_actions *actions);

#endif
