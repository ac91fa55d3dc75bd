/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/corrector.h"

#include <errno.h>

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"

/* A rate is learned from references when it is so well known: twice what quartzes wander. */
#define CORRECTOR_LEARNS_BELOW_PPB (2 * DRIFT_WANDER_PPB)

/* A rate that changes is saved so often. */
#define REMEMBER_EVERY (3600 * NS_PER_SEC)

/* A slew has lasted too long: this process was late, and the clock does not end slews. */
static void note_overrun(struct corrector *k, const struct agent_context *c)
{
	const struct mono due = servo_due(&k->servo);
	const dur_ns late = mono_since(c->now, due.ns > k->looked_at.ns ? due : k->looked_at);

	if (k->begun && late > 0 && !k->servo.ends_slews) {
		claim_widen(&k->claim, drift_over(late, arith_abs(k->servo.slew_ppb)));
	}
	k->looked_at = c->now;
}

void corrector_observe(struct corrector *k, const struct agent_context *c)
{
	const struct agent_clock *clock = &c->clock;
	const struct servo_clock steered = { clock->frequency_ppb, clock->slew_ppb,
					     clock->ends_slews };
	struct servo_memory memory = k->memory;

	note_overrun(k, c);
	if (c->settings->reference || !clock->whole || (k->begun && clock->epoch == k->epoch)) {
		return;
	}
	if (k->begun) { /* somebody has set the clock */
		memory = servo_memory(&k->servo);
		memory.right = false;
	}
	servo_begin(&k->servo, c->settings->cycle, c->now, &steered, &memory);
	claim_forget(&k->claim);
	k->begun = true;
	k->epoch = clock->epoch;
	k->has_memory = false;
}

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
	k->ticket_epoch = c->clock.epoch;
	k->ticket_when = servo_instant(&k->servo, c->now);
}

struct group_report corrector_report(const struct corrector *k, const struct agent_context *c)
{
	const bool is_reference = c->settings->reference;

	return (struct group_report){
		.reference = is_reference,
		.unsettled = !is_reference && !k->servo.right,
		.follows = k->claim.by_reference,
		.learned = k->servo.learned,
		.learned_ppb = k->servo.learned_ppb,
		.frequency_ppb = k->servo.frequency_ppb,
		.max_error = corrector_max_error(k, c),
		.drift_ppb = k->claim.growth_ppb,
	};
}

dur_ns corrector_max_error(const struct corrector *k, const struct agent_context *c)
{
	return c->settings->reference ? c->clock.max_error : claim_error(&k->claim, c->now);
}

void corrector_void(struct corrector *k)
{
	k->ticket.open = false;
}

bool corrector_clock_is_ours(const struct corrector *k, const struct agent_context *c)
{
	return c->clock.epoch == k->ticket_epoch;
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

static void refuse_moved(const struct agent_context *c, member_id from)
{
	context_refuse(c, GROUP_COUNT_CLOCK_MOVED, from,
		       "somebody else has set this clock since it was measured");
}

/* The last effect of this step. */
static void steer(struct corrector *k, const struct agent_context *c, bool settling)
{
	k->busy = true;
	k->settling = settling;
	effects_add(c->out, AGENT_CORRECT)->correct = k->servo.decided;
}

static void say_unable(struct corrector *k, const struct agent_context *c)
{
	const bool unable = k->verdict == SERVO_UNABLE;
	struct agent_note *note;

	if (unable != k->said_unable) {
		note = effects_note(c->out, unable ? AGENT_NOTE_UNABLE : AGENT_NOTE_ABLE);
		note->number = (uint64_t)k->servo.needs_ppb;
		note->other = SERVO_MAX_PPB;
	}
	k->said_unable = unable;
}

static void count_verdict(const struct corrector *k, const struct agent_context *c)
{
	if (k->verdict == SERVO_COASTED) {
		context_refuse(c, GROUP_COUNT_COASTED, k->from,
			       "a correction contradicts this clock's estimates: ignores one");
	} else if (k->verdict == SERVO_UNABLE) {
		c->counts->count[GROUP_COUNT_UNABLE]++;
	}
}

/* That a group is an island to begin with is no news. */
static void note_source(struct corrector *k, const struct agent_context *c, bool by_reference)
{
	const bool was_told = k->claim.told;

	if (claim_source(&k->claim, c->now, by_reference) && (was_told || by_reference)) {
		effects_note(c->out, AGENT_NOTE_SOURCE)->number = by_reference;
	}
}

bool corrector_redeem(struct corrector *k, const struct agent_context *c,
		      const struct correction *what, enum group_outcome *outcome)
{
	const struct ticket_limits limits = {
		.max_correction = c->settings->max_correction,
		.min_interval = c->settings->cycle / 2,
	};
	const struct servo_measurement m = {
		.when = k->ticket_when,
		.correction = what->amount,
		.delay = what->delay,
		.term = what->term,
		.rate = what->rate,
		.turn = what->turn,
		.learns = what->time.by_reference &&
			  what->time.drift_ppb <= CORRECTOR_LEARNS_BELOW_PPB,
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
		refuse_moved(c, what->from);
		return true;
	}
	note_source(k, c, what->time.by_reference);
	if (c->settings->reference) {
		*outcome = GROUP_KEPT;
		return true;
	}
	k->from = what->from;
	k->time = what->time;
	k->amount = what->amount;
	k->amount_error = servo_measurement_error(what->delay);
	k->verdict = servo_measured(&k->servo, c->now, &m);
	say_unable(k, c);
	count_verdict(k, c);
	steer(k, c, false);
	return false;
}

static enum group_outcome outcome_of(const struct corrector *k, dur_ns step)
{
	return step != 0                     ? GROUP_STEPPED
	       : k->verdict == SERVO_COASTED ? GROUP_COASTED
	       : k->verdict == SERVO_UNABLE  ? GROUP_UNABLE
	       : k->servo.slew_ppb == 0      ? GROUP_RIGHT
					     : GROUP_SLEWED;
}

/*
 * The error that the leader has sent holds for the instant of the poll; the rest of the slew is
 * added to it. A correction that was ignored changes nothing, and a clock that cannot follow claims
 * nothing.
 */
static void note_claim(struct corrector *k, const struct agent_context *c, dur_ns step)
{
	const dur_ns left = arith_distance(k->amount, step);

	if (k->verdict == SERVO_UNABLE) {
		claim_forget(&k->claim);
	} else if (k->verdict != SERVO_COASTED) {
		claim_take(&k->claim, k->ticket_when.at,
			   k->time.max_error < 0 ? k->time.max_error
						 : arith_add(k->time.max_error, left),
			   k->time.drift_ppb,
			   step != 0 || k->verdict == SERVO_BEGUN || k->time.afresh);
	}
	claim_age(&k->claim, c->now, servo_rate_error(&k->servo));
}

/* A measurement that was ignored, or a rate that is out of reach, makes no correction. */
static void note_correction(struct corrector *k, const struct agent_context *c, dur_ns step)
{
	if (k->verdict == SERVO_COASTED || k->verdict == SERVO_UNABLE) {
		return;
	}
	k->corrected = true;
	k->corrected_at = c->now;
	k->correction = k->amount;
	k->correction_error = k->amount_error;
	c->counts->count[GROUP_COUNT_CORRECTIONS]++;
	if (step != 0) {
		effects_note(c->out, AGENT_NOTE_STEPPED)->duration = step;
	}
}

static void remember(struct corrector *k, const struct agent_context *c)
{
	k->kept = servo_memory(&k->servo);
	k->kept_at = c->now;
	(void)effects_add(c->out, AGENT_REMEMBER);
}

/* When the clock has become right, or no longer is, and now and then. */
static void remember_news(struct corrector *k, const struct agent_context *c)
{
	const struct servo_memory memory = servo_memory(&k->servo);

	if (memory.right != k->kept.right ||
	    (memory.right && mono_since(c->now, k->kept_at) >= REMEMBER_EVERY)) {
		remember(k, c);
	}
}

static void note_failure(const struct corrector *k, const struct agent_context *c, int error)
{
	struct agent_note *note = effects_note(c->out, AGENT_NOTE_UNCORRECTED);

	note->duration = k->settling ? 0 : k->amount;
	note->error = error;
}

bool corrector_applied(struct corrector *k, const struct agent_context *c, int error,
		       enum group_outcome *outcome)
{
	const dur_ns step = k->servo.decided.step;

	k->busy = false;
	*outcome = GROUP_REFUSED;
	if (error == 0) {
		servo_done(&k->servo, c->now);
	} else {
		servo_failed(&k->servo, c->now);
	}
	if (error == -ESTALE && !k->settling) {
		refuse_moved(c, k->from);
	} else if (error != 0 && error != -ESTALE) {
		note_failure(k, c, error);
	} else if (error == 0 && !k->settling) {
		*outcome = outcome_of(k, step);
		note_claim(k, c, step);
		note_correction(k, c, step);
		remember_news(k, c);
	}
	return !k->settling;
}

bool corrector_settle(struct corrector *k, const struct agent_context *c)
{
	if (!k->begun || !servo_settle(&k->servo, c->now)) {
		return false;
	}
	if (!c->clock.whole) {
		servo_failed(&k->servo, c->now);
		return false;
	}
	steer(k, c, true);
	return true;
}

void corrector_leave(struct corrector *k, const struct agent_context *c)
{
	if (!k->begun || k->busy) {
		return;
	}
	remember(k, c);
	k->servo.slew_ends = c->now;
	(void)corrector_settle(k, c);
}

struct mono corrector_next(const struct corrector *k)
{
	return k->begun ? servo_due(&k->servo) : (struct mono){ INT64_MAX };
}
