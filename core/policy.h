/* SPDX-License-Identifier: BSD-3-Clause */
/* Policy: decides how to correct a clock, from its offset and the limits that its owner sets. */
#ifndef CORE_POLICY_H
#define CORE_POLICY_H

#include "core/ts.h"

enum policy_action {
	POLICY_NONE,   /* leave the clock alone */
	POLICY_SLEW,   /* let it run faster or slower until the correction is done */
	POLICY_STEP,   /* set it at once */
	POLICY_REFUSE, /* the correction breaks a limit: leave the clock alone and say so */
};

enum policy_reason {
	POLICY_ALREADY_RIGHT,  /* the correction is 0, or below the clock's resolution */
	POLICY_SMALL,          /* at most step_above: slewed, so that time never jumps */
	POLICY_LARGE,          /* more than step_above: a slew would take too long */
	POLICY_ASKED,          /* the user asked for this action */
	POLICY_UNSYNCHRONISED, /* more than max_unsynchronised, by servers that are not synchronised
				*/
	POLICY_MOVES_ALONG,    /* the measured clock moves with the corrected one (core/follow.h,
				  core/effect.h) */
	POLICY_OUT_OF_REACH,   /* the clock's rate is wrong by more than can be corrected */
	POLICY_OVER_MAX_SLEW,  /* a slew, as asked for, of more than max_slew */
	POLICY_ENDLESS,        /* a slew, as asked for, of more than 292 years */
	POLICY_OVER_MAX_CHANGE /* more than max_change: refused whatever the user asked for */
};

enum policy_force { POLICY_AUTO, POLICY_ALWAYS_STEP, POLICY_ALWAYS_SLEW };

struct policy_limits {
	dur_ns max_change; /* refuse a correction larger than this; 0 for no limit; >= 0 */
	/* refuse a larger one by servers that are not synchronised; 0 for no limit; >= 0 */
	dur_ns max_unsynchronised;
	dur_ns max_slew; /* refuse a slew larger than this, as the clock does; 0 for no limit; >= 0
			  */
	dur_ns step_above; /* slew up to this much, step above it; >= 0 */
	dur_ns resolution; /* smallest correction that the clock can make; >= 0 */
	int64_t slew_ppb;  /* speed of a slew; in (0, NS_PER_SEC], faster counts as NS_PER_SEC */
	enum policy_force force;
};

/* 128 ms (RFC 5905, STEPT), 1 us, 500 ppm (Linux adjtime), no other limits, POLICY_AUTO. */
extern const struct policy_limits policy_default_limits;

struct policy_decision {
	enum policy_action action;
	enum policy_reason reason;
	dur_ns correction; /* to be added to the local clock; 0 unless POLICY_SLEW or POLICY_STEP */
	dur_ns finish_in;  /* how long the slew takes, < INT64_MAX; 0 unless POLICY_SLEW */
};

/*
 * Decide about a local clock that is wrong by `offset` (remote minus local). Any int64_t is fine.
 * max_change is looked at first, then the resolution, then what the user asked for, then the size.
 * A slew that is larger than max_slew, or would take longer than a dur_ns can say, is refused.
 */
struct policy_decision policy_decide(dur_ns offset, const struct policy_limits *limits);

/*
 * The same decision, or POLICY_REFUSE with POLICY_UNSYNCHRONISED when the servers do not say that
 * they are synchronised and the correction is larger than max_unsynchronised: a server that has
 * started without a battery-backed clock is wrong by years, and does say so.
 */
struct policy_decision policy_vet(const struct policy_decision *d, bool synchronised,
				  const struct policy_limits *limits);

/* The reason as a short clause for people, without a full stop; a static string. */
const char *policy_reason_text(enum policy_reason reason);

#endif
