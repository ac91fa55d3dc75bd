/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Corrections of this member's clock, also by itself as the leader: who may correct it, and that
 * each ticket is good for one correction. The servo says how.
 *
 * A correction is for the clock that was measured. If somebody else has set the clock since the
 * ticket was handed out, it is refused, and the servo begins anew.
 *
 * The clock of a reference is never touched: the member only learns the source of the group's time.
 */
#ifndef GROUP_CORE_CORRECTOR_H
#define GROUP_CORE_CORRECTOR_H

#include "group/core/claim.h"
#include "group/core/context.h"
#include "group/core/servo.h"

/* {0} at start. */
struct corrector {
	struct servo servo;
	bool begun; /* the servo has, with the clock of this epoch: */
	uint64_t epoch;
	bool has_memory; /* that it begins with: */
	struct servo_memory memory;
	struct claim claim;
	struct mono looked_at; /* at the clock */
	struct ticket ticket;
	uint64_t ticket_epoch;            /* when the ticket was handed out */
	struct servo_instant ticket_when; /* likewise */
	bool busy;                        /* with an AGENT_CORRECT: */
	bool settling;                    /* that nobody waits for; or else: */
	member_id from;                   /* the leader that asked for it */
	dur_ns amount, amount_error;      /* as it was measured, and how wrong that is at most */
	struct group_time time;           /* that came with it */
	enum servo_verdict verdict;
	bool corrected; /* the clock has been: when, and by how much; as above */
	struct mono corrected_at;
	dur_ns correction, correction_error;
	bool said_lost;           /* logged: the clock is not whole, */
	bool said_unable;         /* its rate is out of reach */
	struct servo_memory kept; /* the latest memory to be saved, */
	struct mono kept_at;      /* and when */
};

/* Look at the clock: before anything else in a step. */
void corrector_observe(struct corrector *k, const struct agent_context *c);

/* Whether the clock shows the time that the group keeps. Logs a change. */
bool corrector_has_clock(struct corrector *k, const struct agent_context *c);

/* Hand out the ticket to the leader that is obeyed. */
void corrector_issue(struct corrector *k, const struct agent_context *c,
		     const struct ticket_nonce *nonce);

/* The report on the clock for the answer to a poll. */
struct group_report corrector_report(const struct corrector *k, const struct agent_context *c);

/* How far the clock is from UTC at most, or GROUP_UNKNOWN_ERROR. */
dur_ns corrector_max_error(const struct corrector *k, const struct agent_context *c);

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

/*
 * The last AGENT_CORRECT has been done, or not: 0, -ESTALE (somebody has set the clock since) or
 * -errno. True with the outcome if it was a correction.
 */
bool corrector_applied(struct corrector *k, const struct agent_context *c, int error,
		       enum group_outcome *outcome);

/* End a slew whose time is over. True: the last effect of this step is about to do so. */
bool corrector_settle(struct corrector *k, const struct agent_context *c);

/* This member leaves: end its slew at once, and have the servo's memory saved. */
void corrector_leave(struct corrector *k, const struct agent_context *c);

/* When there is something to do; INT64_MAX: nothing. */
struct mono corrector_next(const struct corrector *k);

#endif
