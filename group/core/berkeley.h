/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The corrections that a leader sends to the clocks of a group, its own included, so that all
 * agree: after Berkeley's algorithm (Gusella & Zatti 1989, "The accuracy of the clock
 * synchronization achieved by TEMPO in Berkeley UNIX 4.3BSD").
 *
 * Each clock claims the interval offset +- max_error. The clocks vote for the point that most
 * intervals hold (Marzullo 1984, "Maintaining the time in a distributed system"), and the aim is
 * the median of those that hold it, each weighted by 1 / max_error^2: a median, as no clock can
 * move it beyond the next one. Clocks that have agreed for long decide alone, if there are enough;
 * others follow them first. Else those decide that are settled, if there are any.
 *
 * At a cold start there are none, and often no majority holds any point. Then the largest set of
 * clocks that lie within a tolerance of each other, and within the largest correction, is averaged:
 *
 *     clocks       14:00 (the leader)   13:46    14:20
 *     offsets          0                -14      +20 min    mean +2 min, so 14:02
 *     corrections     +2                +16      -18 min    mean - offset
 */
#ifndef GROUP_CORE_BERKELEY_H
#define GROUP_CORE_BERKELEY_H

#include <stdbool.h>
#include <stddef.h>

#include "group/core/member.h"
#include "core/ts.h"

/* How many clocks there may be: those of all members, and the leader's should it be none of them.
 */
#define BERKELEY_MAX_CLOCKS (MEMBERS_MAX + 1)

enum berkeley_part {
	BERKELEY_IN_MEAN,
	BERKELEY_TOO_FAR,   /* it disagrees */
	BERKELEY_TOO_VAGUE, /* its max_error is above the limit, so it does not count */
	BERKELEY_NEW,       /* it agrees, but does not count yet */
	BERKELEY_REFUSED,   /* it needs more than the largest correction */
	BERKELEY_KEPT,      /* something else keeps it: it neither counts nor is corrected */
};

struct berkeley_clock {
	/* In. */
	dur_ns offset;    /* member minus leader, as the leader measured it; |offset| < 2^62 */
	dur_ns max_error; /* |true offset - offset| <= max_error; >= 0 */
	bool trusted;     /* it has agreed for long enough to decide */
	bool unsettled;   /* by itself it is not worth a vote: those that are settled count first */
	bool kept;        /* by something else */
	/* Out. */
	/*
	 * To be added to this clock: to the aim; to a clock that is too vague only what it surely
	 * needs, to the edge of its interval; 0 if that is refused.
	 */
	dur_ns correction;
	enum berkeley_part part;
	bool agrees; /* with the vote */
};

struct berkeley_options {
	dur_ns tolerance;      /* how far apart two clocks of the mean may lie; >= 0 */
	dur_ns max_error;      /* of a clock that counts; >= 0 */
	dur_ns max_correction; /* larger ones are refused; 0 for none; >= 0 */
	bool has_target;       /* the time to correct them to is known already: */
	dur_ns target;         /* minus the leader's clock; in (-2^62, 2^62) */
};

struct berkeley_result {
	dur_ns mean; /* agreed time minus the leader's clock, or the target; */
	dur_ns own;  /* the former in any case */
	size_t used; /* how many clocks it is made of; 0: none counts, and none is corrected */
};

/*
 * Decide on all corrections of one cycle. clocks[0] is the leader's own: its offset and max_error
 * are 0. The order of the others does not matter.
 *
 * When several points, or several sets, have equally many clocks, the ones nearest to the leader's
 * clock are taken.
 *
 * 0, or -EINVAL (no clock, clocks[0] is not the leader's, a negative option), -E2BIG (more than
 * BERKELEY_MAX_CLOCKS), -ERANGE (an offset or max_error outside its range). After an error nothing
 * has been written.
 */
int berkeley_decide(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
		    const struct berkeley_options *options);

#endif
