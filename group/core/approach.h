/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a leader brings the time of its group to that of the references, and keeps it there: all
 * clocks together, and without a jump.
 *
 * Members agree with each other far better than any of them does with UTC. So the leader does not
 * correct each of them to the references on its own. It moves all alike: by the common rate, which
 * stays, and by a turn on top of it as long as the group is off. Members receive both and need not
 * measure them. Both change so slowly that a member that misses one does not fall far behind.
 *
 * The correction that the group needs is a line over time, as that of a single clock is (servo.h).
 * Kalman filters estimate its value and its rate. The jitter of the references is unknown at first,
 * and is measured.
 */
#ifndef GROUP_CORE_APPROACH_H
#define GROUP_CORE_APPROACH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/kalman.h"

/* The fastest turn: 200 ppm, in 1e-12. */
#define APPROACH_MOST_TURN INT64_C(200000000)

/* The group's need at an instant: the distance, plus the sum of rates and turns until then. */
struct approach_point {
	struct mono at;
	double value; /* ns */
};

/* {0} at start. */
struct approach {
	bool knows;             /* `kalman` is valid */
	bool doubts;            /* the last measurement contradicted it, and was ignored */
	unsigned agreed, begun; /* measurements since it began anew; how often in a row it did */
	struct kalman kalman;
	bool adds; /* what rate and turn have added to the group's time, until that instant: */
	struct mono at;
	double added;                  /* ns */
	double noise;                  /* the variance of a measurement, ns^2, ... */
	unsigned noises;               /* ... by so many, up to a limit */
	size_t points;                 /* the latest measurements */
	struct approach_point last[2]; /* the older one first */
	int64_t turn;                  /* decided, 1e-12 */
};

/*
 * The references were measured: UTC is `distance` ahead of the group's time. Decide on the turn,
 * and on the common rate after `rate`, which is returned; both in 1e-12. `learned`: the members
 * have their rates from references.
 */
int64_t approach_measured(struct approach *a, struct mono now, dur_ns cycle, int64_t rate,
			  dur_ns distance, bool learned);

/* The references were not measured, but may be soon: the rate remains, and the turn ends. */
void approach_hold(struct approach *a, struct mono now, dur_ns cycle, int64_t rate);

/* How fast the group's time drifts from UTC at most, after `rate` was decided; ppb. */
int64_t approach_drift(const struct approach *a, int64_t rate);

/* The references are no longer followed: the turn ends. */
void approach_end(struct approach *a, dur_ns cycle);

/* The group's time was stepped: begin anew. */
void approach_forget(struct approach *a);

#endif
