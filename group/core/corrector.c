/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/corrector.h"

#include <errno.h>

#include "core/policy.h"

/* Corrections that a slew can make in this many cycles are slewed; larger ones are stepped. */
#define SLEW_CYCLES 8

bool corrector_has_clock(struct corrector *k, const struct agent_context *c)
{
	const bool lost = !c->clock.whole;

	if (lost != k->said_lost) {
		(void)effects_note(c->out, lost ? AGENT_NOTE_CLOCK_LOST : AGENT_NOTE_CLOCK_BACK);
	}
	k->said_lost = lost;
	return !lost;
}

void corrector_issue(struct corrector *k, const struct agent_context *c,
		     const struct ticket_nonce *nonce)
{
	ticket_issue(&k->ticket, c->election, nonce, c->now);
	k->epoch = c->clock.epoch;
}

void corrector_void(struct corrector *k)
{
	k->ticket.open = false;
}

bool corrector_clock_is_ours(const struct corrector *k, const struct agent_context *c)
{
	return c->clock.epoch == k->epoch;
}

static void count_refusal(const struct agent_context *c, member_id from,
			  enum ticket_verdict verdict)
{
	static const enum group_count counts[TICKET_VERDICTS] = {
		[TICKET_NOT_FOR_ME] = GROUP_COUNT_MISDIRECTED,
		[TICKET_OLD_TERM] = GROUP_COUNT_OLD_TERM,
		[TICKET_NOT_LEADER] = GROUP_COUNT_NOT_LEADER,
		[TICKET_UNKNOWN] = GROUP_COUNT_REPLAYED,
		[TICKET_LATE] = GROUP_COUNT_LATE,
		[TICKET_TOO_LARGE] = GROUP_COUNT_TOO_LARGE,
		[TICKET_TOO_SOON] = GROUP_COUNT_LATE,
	};

	context_refuse(c, counts[verdict], from, ticket_verdict_text(verdict));
}

static enum group_outcome refuse_moved(const struct agent_context *c, member_id from)
{
	context_refuse(c, GROUP_COUNT_CLOCK_MOVED, from,
		       "somebody else has set this clock since it was measured");
	return GROUP_REFUSED;
}

static struct policy_decision decide(const struct agent_context *c, dur_ns amount)
{
	struct policy_limits limits = policy_default_limits;
	const dur_ns in_time =
		c->settings->cycle / NS_PER_MS * limits.slew_ppb * SLEW_CYCLES / 1000;

	limits.step_above = in_time < limits.step_above ? in_time : limits.step_above;
	limits.resolution = 1;
	return policy_decide(amount, &limits);
}

static enum group_outcome note_corrected(struct corrector *k, const struct agent_context *c,
					 enum group_outcome outcome)
{
	k->corrected = true;
	k->corrected_at = c->now;
	k->correction = k->amount;
	c->counts->count[GROUP_COUNT_CORRECTIONS]++;
	return outcome;
}

static bool start(struct corrector *k, const struct agent_context *c, const struct correction *what,
		  enum group_outcome *outcome)
{
	const struct policy_decision d = decide(c, what->amount);
	struct agent_effect *e;

	k->from = what->from;
	k->amount = what->amount;
	if (d.action == POLICY_NONE) {
		*outcome = note_corrected(k, c, GROUP_RIGHT);
		return true;
	}
	k->busy = true;
	k->step = d.action == POLICY_STEP;
	e = effects_add(c->out, AGENT_CORRECT);
	e->correct.amount = d.correction;
	e->correct.step = k->step;
	return false;
}

bool corrector_redeem(struct corrector *k, const struct agent_context *c,
		      const struct correction *what, enum group_outcome *outcome)
{
	const struct ticket_limits limits = {
		.max_correction = c->settings->max_correction,
		.min_interval = c->settings->cycle / 2,
	};
	const enum ticket_verdict verdict =
		ticket_redeem(&k->ticket, c->election, what, &limits, c->now);

	*outcome = GROUP_REFUSED;
	if (verdict != TICKET_VALID) {
		count_refusal(c, what->from, verdict);
		return true;
	}
	if (!corrector_has_clock(k, c)) {
		return true;
	}
	if (!corrector_clock_is_ours(k, c)) {
		(void)refuse_moved(c, what->from);
		return true;
	}
	return start(k, c, what, outcome);
}

enum group_outcome corrector_applied(struct corrector *k, const struct agent_context *c, int error)
{
	struct agent_note *note;

	k->busy = false;
	if (error == -ESTALE) {
		return refuse_moved(c, k->from);
	}
	if (error != 0 || k->step) {
		note = effects_note(c->out,
				    error != 0 ? AGENT_NOTE_UNCORRECTED : AGENT_NOTE_STEPPED);
		note->duration = k->amount;
		note->error = error;
	}
	return error != 0 ? GROUP_REFUSED
			  : note_corrected(k, c, k->step ? GROUP_STEPPED : GROUP_SLEWED);
}
