/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock as a line over CLOCK_REALTIME: the arithmetic of a software clock, with no clock in it.
 *
 *     elapsed = dt + dt * (drift + frequency)                dt = real - base_real
 *     reading = base_value + elapsed + progress of the slew
 *
 * A slew runs at 500 ppm of the elapsed time, from the base instant until its amount is done.
 * Before the base instant, where a packet timestamp may lie, the line goes on without any slew. A
 * reading never goes backwards while `real` does not.
 */
#ifndef CORE_CLOCK_LINE_H
#define CORE_CLOCK_LINE_H

#include "core/ts.h"

struct clock_line {
	ts_ns base_real;   /* CLOCK_REALTIME at the base instant */
	ts_ns base_value;  /* what the clock showed then */
	int64_t drift_ppb; /* its error: how much faster than CLOCK_REALTIME it runs by itself */
	int64_t frequency_ppb; /* the correction of that, added to the drift */
	int64_t slew_ppb;      /* how much of it is there for a while only; a note */
	dur_ns slew_left;      /* the rest of the slew at the base instant */
};

/* Whether every field lies in the range for which the functions below are defined. */
bool clock_line_valid(const struct clock_line *line);

/* The clock's time when CLOCK_REALTIME is `real`, clamped to [0, TS_LIMIT). */
ts_ns clock_line_reading(const struct clock_line *line, ts_ns real);

/* The rest of the slew when CLOCK_REALTIME is `real`. */
dur_ns clock_line_slew_left(const struct clock_line *line, ts_ns real);

/* The same clock with its base moved to `real`, where both show the same reading. */
struct clock_line clock_line_rebase(const struct clock_line *line, ts_ns real);

#endif
