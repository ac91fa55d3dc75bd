/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Berkeley's algorithm: what a leader tells each clock of a group to add, its own included, so that
 * all of them agree (Gusella & Zatti 1989, "The accuracy of the clock synchronization achieved by
 * TEMPO in Berkeley UNIX 4.3BSD").
 *
 * The largest set of clocks that lie within a tolerance of each other is taken for right and
 * averaged; every clock, those outside of the set too, is corrected to that mean:
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
	BERKELEY_TOO_FAR, /* outside of the largest set */
	/*
	 * Its max_error is above the tolerance, so nobody knows whether it belongs to the set. It
	 * is corrected only if it is surely wrong, by more than its max_error.
	 */
	BERKELEY_TOO_VAGUE,
};

struct berkeley_clock {
	/* In. */
	dur_ns offset;    /* member minus leader, as the leader measured it; |offset| < 2^62 */
	dur_ns max_error; /* |true offset - offset| <= max_error; >= 0 */
	/* Out. */
	dur_ns correction; /* to be added to this clock: mean - offset, within the cap */
	bool capped;       /* the correction was cut down to the cap */
	enum berkeley_part part;
};

struct berkeley_options {
	dur_ns tolerance;      /* how far apart two clocks of the mean may lie; >= 0 */
	dur_ns max_correction; /* the cap: no correction is larger; 0 for none; >= 0 */
};

struct berkeley_result {
	dur_ns mean;      /* agreed time minus the leader's clock, rounded down */
	dur_ns max_error; /* the mean is off the true one of the same clocks by no more */
	size_t used;      /* how many clocks are in the mean: at least 1 */
};

/*
 * Decide on all corrections of one cycle. clocks[0] is the leader's own: its offset and max_error
 * are 0. The order of the others does not matter.
 *
 * When several sets are equally large, the one nearest to the leader's clock is taken (so that the
 * choice does not change from cycle to cycle while clocks approach it under a cap), then the one
 * that is least wide, then the one of the lower offsets.
 *
 * 0, or -EINVAL (no clock, clocks[0] is not the leader's, a negative option), -E2BIG (more than
 * BERKELEY_MAX_CLOCKS), -ERANGE (an offset or max_error outside its range). After an error nothing
 * has been written.
 */
int berkeley_decide(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
		    const struct berkeley_options *options);

#endif
