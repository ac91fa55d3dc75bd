/*
 * Steering: what is measured of a clock goes into a discipline, and what that decides is done to
 * the clock. As long as it is known how right the clock is, the clock says so.
 */
#ifndef CLIENT_STEERING_H
#define CLIENT_STEERING_H

#include "client/clock_watch.h"
#include "client/combine.h"
#include "core/discipline.h"
#include "sys/clock.h"

struct steering {
	struct clock *clock; /* not owned */
	struct clock_watch watch;
	struct discipline discipline;
	dur_ns reference_error; /* of what was measured last; see combine_reference_error */
	unsigned forgotten;     /* times, since something was last learnt */
	bool claimed;           /* the clock says that it is synchronised, by our word */
};

/* Begin with the frequency that is in force. 0 or -errno. */
int steering_begin(struct steering *s, struct clock *clock, const struct discipline_limits *limits);

/*
 * Decide on a poll of the servers, as it was combined from these jobs, and carry it out. 0, or
 * -errno of the clock. In either case `decision` and `status` are what was decided, and what is
 * known when that begins; but for -ESTALE and -ELOOP of clock_watch_look, when nothing was.
 */
int steering_poll(struct steering *s, const struct combination *c, const struct measure_job *jobs,
		  struct discipline_decision *decision, struct discipline_status *status);

/*
 * After -ESTALE: forget what was known of the clock, which is another one now, and begin anew with
 * what is in force. 0 or -errno; -EBUSY when that happens each time, as somebody else steers it.
 */
int steering_forget(struct steering *s);

/* By how much the clock loses when nobody corrects it. */
int64_t steering_rate_ppb(const struct steering *s);

/* Have the clock no longer say that it is synchronised, if we had it say so. 0 or -errno. */
int steering_end(struct steering *s);

#endif
