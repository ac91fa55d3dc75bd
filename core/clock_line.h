/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock as a line over CLOCK_REALTIME: the arithmetic of a software clock, with no clock in it.
 *
 *     elapsed = dt + dt * (drift + frequency)                dt = real - base_real
 *             + min(dt, slew_until - base_real) * slew
 *     reading = base_value + elapsed + progress of the slew by amount
 *
 * There are two kinds of slews. One by frequency adds to the rate from the base instant on, and
 * ends when CLOCK_REALTIME is `slew_until`. One by amount runs at 500 ppm of the elapsed time, from
 * the base instant until its amount is done. Before the base instant, where a packet timestamp may
 * lie, the line goes on without any slew. A reading never goes backwards while `real` does not.
 */
#ifndef CORE_CLOCK_LINE_H
#define CORE_CLOCK_LINE_H

#include "core/ts.h"

struct clock_line {
	ts_ns base_real;   /* CLOCK_REALTIME at the base instant */
	ts_ns base_value;  /* what the clock showed then */
	int64_t drift_ppb; /* its error: how much faster than CLOCK_REALTIME it runs by itself */
	int64_t frequency_ppb; /* the correction of that, added to the drift */
	int64_t slew_ppb;      /* a slew by frequency, added to both */
	ts_ns slew_until;      /* and its end; TS_LIMIT - 1: somebody has to end it */
	dur_ns slew_left;      /* the rest of the slew by amount at the base instant */
};

/* Whether every field lies in the range for which the functions below are defined. */
bool clock_line_valid(const struct clock_line *line);

/* The clock's time when CLOCK_REALTIME is `real`, clamped to [0, TS_LIMIT). */
ts_ns clock_line_reading(const struct clock_line *line, ts_ns real);

/* The slew by frequency that is in force when CLOCK_REALTIME is `real`, ppb; 0: none. */
int64_t clock_line_slew(const struct clock_line *line, ts_ns real);

/* The rest of the slew by amount when CLOCK_REALTIME is `real`. */
dur_ns clock_line_slew_left(const struct clock_line *line, ts_ns real);

/*
 * The same clock with its base moved to `real`, where both show the same reading. A slew that is
 * over then is no longer in it.
 */
struct clock_line clock_line_rebase(const struct clock_line *line, ts_ns real);

#endif
