/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a member steers its clock by its leader's measurements, cycle by cycle.
 *
 * The servo knows how much frequency corrections and slews have added to the clock, so each
 * measurement tells what a free clock would need. Over time that is a line. Kalman filters estimate
 * its value and its rate, and weight each measurement by its delay. The rate becomes the clock's
 * frequency correction; the rest is slewed within a cycle. A measurement that contradicts the line
 * is ignored once. The second time the servo begins anew, and only then steps the clock, if it is
 * far off.
 *
 * On top of that the leader may turn all clocks together for a while (approach.h). A turn ends by
 * itself, too, and teaches the servo nothing.
 *
 * All knowledge of a clock lies here, so a change of leaders loses nothing.
 */
#ifndef GROUP_CORE_SERVO_H
#define GROUP_CORE_SERVO_H

#include "core/delays.h"
#include "core/kalman.h"

/* The largest frequency correction of a clock, and the fastest slew. */
#define SERVO_MAX_PPB 500000

/* Larger differences of a clock that was right are stepped. */
#define SERVO_STEP_ABOVE (128 * NS_PER_MS)

/* A turn ends so many cycles after it was last heard of. */
#define SERVO_TURN_CYCLES 2

/* The part that should survive a restart. */
struct servo_memory {
	bool right; /* the clock was right */
	int64_t frequency_ppb;
	bool learned; /* it has followed references, the last time at that frequency */
	int64_t learned_ppb;
	uint64_t term; /* the latest that was known then */
};

/* The clock that a servo begins with. */
struct servo_clock {
	int64_t frequency_ppb; /* its correction, */
	int64_t slew_ppb;      /* and a slew on top of it that nobody has ended */
	bool ends_slews;       /* the clock itself ends them; else the servo's user does */
};

/* How to steer the clock: first the step, then the frequencies. */
struct servo_steering {
	dur_ns step;           /* to be added at once; 0: none */
	int64_t frequency_ppb; /* the correction for good, */
	int64_t slew_ppb;      /* and what comes on top */
	dur_ns slew_for;       /* for so long, if there is no newer decision before */
};

/* The clock at an instant. */
struct servo_instant {
	struct mono at;
	double added; /* by frequency corrections and slews since the servo began, ns */
};

struct servo_measurement {
	struct servo_instant when;
	dur_ns correction; /* what the clock needed then, as measured */
	dur_ns delay;
	uint64_t term; /* the leader's */
	int64_t rate;  /* the common rate, 1e-12, */
	int64_t turn;  /* and what comes on top for a while */
	bool learns;   /* that time is UTC, and its rate is well known */
};

enum servo_verdict {
	SERVO_STEERED,
	SERVO_COASTED, /* the measurement was ignored */
	SERVO_BEGUN,   /* with this one, anew */
	SERVO_UNABLE,  /* the clock's rate is out of reach: it is not slewed, nor stepped */
};

struct servo {
	dur_ns cycle;

	/* The estimates. */
	bool knows;      /* `kalman` is valid */
	bool doubts;     /* the last measurement was ignored */
	bool remembers;  /* `kalman` is from before a restart, and nothing has contradicted it */
	unsigned agreed; /* measurements that agreed since it began anew */
	bool right;      /* enough of them have, in this run */
	struct kalman kalman;
	struct delays delays;

	/* The steering of the clock. */
	struct servo_instant since;
	int64_t frequency_ppb, slew_ppb; /* from then on */
	bool ends_slews;                 /* the clock does, by itself: */
	struct mono slew_stops;          /* then */
	struct mono slew_ends;           /* for the part of it that is no turn */
	struct servo_steering decided;
	int64_t own_ppb;    /* the part of its slew that is no turn, */
	dur_ns decided_for; /* and how long that lasts */

	/* The leader's common rate, as it was last heard, and the turn on top of it. */
	bool heard_rate;
	uint64_t term;
	int64_t rate, turn;
	struct mono turn_ends;

	/* The frequency, when it last followed references. */
	bool learned;
	int64_t learned_ppb;

	/* Whether the clock can follow at all, from this measurement on. */
	bool has_anchor;
	struct mono anchored_at;
	dur_ns anchor, anchor_error;
	unsigned beyond;   /* how many times in a row it could not */
	int64_t needs_ppb; /* the rate that it needed */
};

/*
 * Begin, at `now`, with that clock. `memory` may be null. If the clock was not right, only the rate
 * that it has learned counts.
 */
void servo_begin(struct servo *s, dur_ns cycle, struct mono now, const struct servo_clock *clock,
		 const struct servo_memory *memory);

/* The clock at `now`, for a measurement that follows. */
struct servo_instant servo_instant(const struct servo *s, struct mono now);

/* A measurement has arrived: decide how to steer. The caller does so, and then says how it went. */
enum servo_verdict servo_measured(struct servo *s, struct mono now,
				  const struct servo_measurement *m);

/* By how much a measurement of that delay may be wrong at most. */
dur_ns servo_measurement_error(dur_ns delay);

/* Whether enough measurements have agreed since it began, or began anew. */
bool servo_is_settled(const struct servo *s);

/* By how much the rate of the clock may be wrong as it is corrected now, ppb. */
int64_t servo_rate_error(const struct servo *s);

/* Decide to end the slew, or to set the frequency that is known by memory: true if that is due. */
bool servo_settle(struct servo *s, struct mono now);

/* When that is due; INT64_MAX: never. */
struct mono servo_due(const struct servo *s);

/* `decided` was done at `now`, or was not. */
void servo_done(struct servo *s, struct mono now);
void servo_failed(struct servo *s, struct mono now);

/* The memory to save. */
struct servo_memory servo_memory(const struct servo *s);

#endif
