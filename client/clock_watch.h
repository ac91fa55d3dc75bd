/*
 * Clock watch: whether the clock that is steered is still the one that was steered before, and
 * whether what is measured moves along with it.
 */
#ifndef CLIENT_CLOCK_WATCH_H
#define CLIENT_CLOCK_WATCH_H

#include "core/follow.h"
#include "sys/clock.h"

struct clock_watch {
	struct clock *clock;    /* not owned */
	struct clock_mark mark; /* as we left it; for the adjustments that follow (clock.h) */
	bool stepped;           /* by us, and what came of it is not known yet: */
	struct follow_offset before;
	dur_ns step;
	unsigned along; /* measurements since then that found the clock as far off as before */
};

/* Begin with the clock as it is. 0 or -errno. */
int clock_watch_begin(struct clock_watch *w, struct clock *clock);

/*
 * To be called after each measurement, and before anything follows from it; null: it brought
 * nothing. 0; -ESTALE when somebody else has changed the clock since it was left (then begin anew);
 * -ELOOP when a second measurement after a step shows that it moved what is measured too: to go on
 * would move the clock for ever.
 */
int clock_watch_look(struct clock_watch *w, const struct follow_offset *measured);

/* The clock was stepped by `step`, as it was so far off. */
void clock_watch_stepped(struct clock_watch *w, const struct follow_offset *measured, dur_ns step);

#endif
