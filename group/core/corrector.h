/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corrections of this member's clock, its own as a leader too: to whom it may be corrected, once,
 * and whether that is a slew or a step.
 *
 * A correction is for the clock that was measured. If somebody else has set the clock since the
 * ticket was handed out, it is refused.
 */
#ifndef GROUP_CORE_CORRECTOR_H
#define GROUP_CORE_CORRECTOR_H

#include "group/core/context.h"

/* {0} at start. */
struct corrector {
	struct ticket ticket;
	uint64_t epoch; /* of the clock when the ticket was handed out */
	bool busy;      /* a correction has been asked for: */
	member_id from; /* by whom */
	dur_ns amount;
	bool step;
	bool corrected; /* the clock has been: when, and by how much */
	struct mono corrected_at;
	dur_ns correction;
	bool said_lost; /* logged: the clock is not whole */
};

/* Whether the clock shows the time that the group keeps. Logs a change. */
bool corrector_has_clock(struct corrector *k, const struct agent_context *c);

/* Hand out the ticket to the leader that is obeyed. */
void corrector_issue(struct corrector *k, const struct agent_context *c,
		     const struct ticket_nonce *nonce);

/* Make the ticket void. */
void corrector_void(struct corrector *k);

/* Whether nobody else has set the clock since the ticket was handed out. */
bool corrector_clock_is_ours(const struct corrector *k, const struct agent_context *c);

/*
 * A correction has arrived. True with its outcome; or false while it is being applied, by the last
 * effect of this step: corrector_applied has the outcome then.
 */
bool corrector_redeem(struct corrector *k, const struct agent_context *c,
		      const struct correction *what, enum group_outcome *outcome);

/* It has been applied, or not: 0, -ESTALE (somebody has set the clock since) or -errno. */
enum group_outcome corrector_applied(struct corrector *k, const struct agent_context *c, int error);

#endif
