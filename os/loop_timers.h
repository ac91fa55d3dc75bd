/* SPDX-License-Identifier: BSD-3-Clause */
/* The timers of a loop, in a table; see os/loop.h. */
#ifndef OS_LOOP_TIMERS_H
#define OS_LOOP_TIMERS_H

#include "os/loop.h"

struct loop_timer {
	loop_timer_fn *due; /* null: this place is free */
	void *arg;
	struct mono deadline;
};

struct loop_timers {
	struct loop_timer all[LOOP_MAX_TIMERS];
};

/* As loop_timer and loop_timer_move, at `now`. */
int loop_timers_add(struct loop_timers *t, dur_ns first_in, loop_timer_fn *due, void *arg,
		    struct mono now);
int loop_timers_move(struct loop_timers *t, dur_ns in, loop_timer_fn *due, const void *arg,
		     struct mono now);

/* The timer with the earliest deadline, or null if there is none. */
struct loop_timer *loop_timers_next(struct loop_timers *t);

/* Call it at `now`, and note when to call it again. */
void loop_timers_call(struct loop_timer *t, struct mono now);

#endif
