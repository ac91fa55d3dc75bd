/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steering: feeds measurements of a clock into a discipline, and applies its decisions to the
 * clock. While the error of the clock is known, the clock claims to be synchronised.
 */
#ifndef TRACK_STEERING_H
#define TRACK_STEERING_H

#include "measure/combine.h"
#include "core/bound.h"
#include "core/discipline.h"
#include "core/sources.h"
#include "os/clock_claim.h"

struct steering {
	struct clock *clock;    /* not owned */
	struct clock_mark mark; /* as we left it */
	struct discipline discipline;
	struct sources sources;
	bool slewing;                   /* until steering_settle */
	struct mono slew_from, slew_to; /* when it began, between these two instants, */
	dur_ns slew_for;                /* and how long it is to take */
	int64_t found_slew_ppb; /* of a process that was killed, which steering_begin has ended */
	dur_ns reference_error; /* of the latest measurement; see combine_reference_error */
	unsigned forgotten;     /* times, since something was last learnt */
	struct clock_claim claim;
	enum bound_state state; /* whether the error of the clock is known, and recently measured */
	bool leap;              /* the servers announce a leap second */
};

/*
 * Begin with the frequency that is in force; a slew that is under way ends, also one by frequency
 * that a process was killed in. The clock itself tells how far it can be corrected. 0 or -errno.
 */
int steering_begin(struct steering *s, struct clock *clock, const struct discipline_limits *limits);

/*
 * Decide on a poll of the servers, as it was combined from these jobs, and carry the decision out.
 * 0, or -errno of the clock. `decision` tells what was done, and `status` the estimates right
 * before. A failure is DISCIPLINE_FAILED, a correction by nothing: the clock is as far off as it
 * was. But if a step was made, and only the frequency could not be set, that is a DISCIPLINE_STEP,
 * together with an error. After -ESTALE, as somebody else has changed the clock, report nothing but
 * such a step. If the decision has a slew_for, call steering_settle when that is over.
 */
int steering_poll(struct steering *s, const struct combination *c, const struct measure_job *jobs,
		  struct discipline_decision *decision, struct discipline_status *status);

/*
 * After -ESTALE: forget the model of the clock, as the clock has changed, and start again with the
 * frequency in force; a slew that somebody has given it ends. 0 or -errno; -EBUSY when that happens
 * each time, because another program steers it.
 */
int steering_forget(struct steering *s);

/* End a slew, if one is in progress: call this before the clock is measured again. 0 or -errno. */
int steering_settle(struct steering *s);

/* How far the clock may drift apart from the servers' during the next poll; see discipline_drift.
 */
int64_t steering_drift(const struct steering *s);

/* By how much the clock loses when nobody corrects it, and the standard deviation of that. */
void steering_rate(const struct steering *s, int64_t *ppb, int64_t *chance_ppb);

/*
 * Whether that should be saved: it is known well enough, and no server was outvoted at the last
 * poll. A server that was may have been right, or have influenced the others.
 */
bool steering_rate_is_known(const struct steering *s);

/*
 * The bound of the clock now, for other programs. `slew_for` (of a slew in progress, or 0) and
 * `next_poll` are counted from now. With `trust` an unknown error of the reference counts as 0: the
 * true time is then that of the servers.
 */
struct bound steering_bound(const struct steering *s, dur_ns slew_for, dur_ns next_poll,
			    bool trust);

/* End a slew for good, even if another program has changed the clock meanwhile. 0 or -errno. */
int steering_end_slew(struct steering *s);

/* Have the clock no longer say that it is synchronised, if we had it say so. 0 or -errno. */
int steering_disclaim(struct steering *s);

#endif
