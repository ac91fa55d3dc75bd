/* SPDX-License-Identifier: BSD-3-Clause */
/* Corrections of this member's clock, its own as a leader too. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/policy.h"
#include "group/agent/private.h"
#include "os/log.h"

/* A correction is slewed when that is done in so many cycles, and stepped else. */
#define SLEW_CYCLES 8

void group_correct_issue(struct group *g, const struct ticket_nonce *nonce, struct mono now)
{
	ticket_issue(&g->ticket, &g->election, nonce, now);
	(void)clock_mark(g->clock, &g->ticket_mark); /* one that failed is of no clock */
}

bool group_has_clock(struct group *g)
{
	const bool lost = clock_check(g->clock) != 0;

	if (lost && !g->said_no_clock) {
		log_error("group %s: the clock file was cut off or damaged: does not lead, and "
			  "lets nobody measure it, until it is whole again",
			  g->settings->name);
	} else if (!lost && g->said_no_clock) {
		log_info("group %s: the clock file is whole again: takes part with it",
			 g->settings->name);
	}
	g->said_no_clock = lost;
	return !lost;
}

bool group_correct_clock_is_ours(struct group *g)
{
	return clock_unchanged(g->clock, &g->ticket_mark) == 0;
}

static void count_refusal(struct group *g, member_id from, enum ticket_verdict verdict)
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

	group_count(g, counts[verdict], from, ticket_verdict_text(verdict));
}

/* What is neither refused nor too small: 0 or -errno. */
static int apply(struct group *g, const struct policy_decision *d)
{
	return d->action == POLICY_STEP
		       ? clock_step_since(g->clock, &g->ticket_mark, d->correction)
		       : clock_slew_since(g->clock, &g->ticket_mark, d->correction);
}

static enum group_outcome refuse_moved(struct group *g, member_id from)
{
	group_count(g, GROUP_COUNT_CLOCK_MOVED, from,
		    "somebody else has set this clock since it was measured");
	return GROUP_REFUSED;
}

static enum group_outcome correct(struct group *g, member_id from, dur_ns amount, struct mono now)
{
	const dur_ns magnitude = amount < 0 ? -amount : amount;
	const dur_ns in_time = g->settings->cycle * SLEW_CYCLES / 2000; /* at 500 ppm */
	struct policy_limits limits = policy_default_limits;
	struct policy_decision d;
	int rc;

	limits.step_above = in_time < limits.step_above ? in_time : limits.step_above;
	limits.resolution = 1;
	d = policy_decide(amount, &limits);
	rc = d.action == POLICY_NONE ? 0 : apply(g, &d);
	if (rc == -ESTALE) {
		return refuse_moved(g, from);
	}
	if (rc != 0) {
		log_error("cannot correct the clock by %" PRId64 " ns: %s", amount, strerror(-rc));
		return GROUP_REFUSED;
	}
	if (d.action == POLICY_STEP) {
		log_info("group %s: clock stepped %" PRId64 ".%09" PRId64 " s %s",
			 g->settings->name, magnitude / NS_PER_SEC, magnitude % NS_PER_SEC,
			 amount < 0 ? "back" : "forward");
	}
	g->corrected = true;
	g->corrected_at = now;
	g->correction = amount;
	g->counts[GROUP_COUNT_CORRECTIONS]++;
	return d.action == POLICY_NONE   ? GROUP_RIGHT
	       : d.action == POLICY_STEP ? GROUP_STEPPED
					 : GROUP_SLEWED;
}

enum group_outcome group_correct(struct group *g, const struct correction *c, struct mono now)
{
	const struct ticket_limits limits = {
		.max_correction = g->settings->max_correction,
		.min_interval = g->settings->cycle / 2,
	};
	const enum ticket_verdict verdict =
		ticket_redeem(&g->ticket, &g->election, c, &limits, now);

	if (verdict != TICKET_VALID) {
		count_refusal(g, c->from, verdict);
		return GROUP_REFUSED;
	}
	if (!group_has_clock(g)) {
		return GROUP_REFUSED;
	}
	if (!group_correct_clock_is_ours(g)) {
		return refuse_moved(g, c->from);
	}
	return correct(g, c->from, c->amount, now);
}
