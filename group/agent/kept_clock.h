/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The clock that the group's agent keeps, and whether anybody else has set it. Or the clock of a
 * reference, which another program keeps: it is only read, and only a step of it counts.
 */
#ifndef GROUP_AGENT_KEPT_CLOCK_H
#define GROUP_AGENT_KEPT_CLOCK_H

#include "core/continuity.h"
#include "group/core/context.h"
#include "os/clock.h"

struct kept_clock {
	struct clock *clock; /* not owned */
	bool is_reference;   /* something else keeps it */
	struct reading last; /* and it showed that */
	struct clock_mark mark;
	uint64_t epoch;                  /* counts the times that somebody else has set it */
	int64_t frequency_ppb, slew_ppb; /* when the epoch began */
};

/* 0 or -errno. */
int kept_clock_open(struct kept_clock *k, struct clock *clock, bool is_reference);

/* The clock as it is now. */
struct agent_clock kept_clock_observe(struct kept_clock *k);

/*
 * Step and steer it, unless somebody else has set it since it was last observed: 0, -ESTALE or
 * -errno. A slew that somebody else has begun by adjtime ends.
 */
int kept_clock_correct(struct kept_clock *k, const struct servo_steering *how);

#endif
