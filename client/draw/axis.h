/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An axis of a drawing in characters: where values of nanoseconds fall, and round numbers to label.
 */
#ifndef CLIENT_DRAW_AXIS_H
#define CLIENT_DRAW_AXIS_H

#include "core/ts.h"

/* Long enough for a label. */
#define AXIS_LABEL_MAX 32

struct axis {
	dur_ns low, high; /* low < high */
	unsigned cells;
	dur_ns step; /* from tick to tick: 1, 2 or 5 times a power of ten, but see axis_make_times
		      */
	dur_ns unit; /* of the labels */
	const char *unit_name;
	int decimals; /* of the labels, so that a step shows */
};

/*
 * An axis over that many cells for the values from `low` to `high`, which are no further apart than
 * an int64_t can tell; if they are the same, one more. There are at least two ticks and at most one
 * for `cells_a_tick`, or five if that is less.
 */
struct axis axis_make(dur_ns low, dur_ns high, unsigned cells, unsigned cells_a_tick);

/*
 * The same for times, in s, min, h and days (d) where a step is a second or more, with the usual
 * divisions of clocks and calendars.
 */
struct axis axis_make_times(dur_ns low, dur_ns high, unsigned cells, unsigned cells_a_tick);

/* The first tick, or the one behind `*tick`. False when there is none. */
bool axis_first_tick(const struct axis *a, dur_ns *tick);
bool axis_next_tick(const struct axis *a, dur_ns *tick);

/* Which of the cells shows `v`, from 0; low <= v <= high. */
unsigned axis_cell(const struct axis *a, dur_ns v);

/* The size of a tick with its unit, "0.25 ms". Returns `buf`. */
const char *axis_label(const struct axis *a, dur_ns tick, char buf[AXIS_LABEL_MAX]);

#endif
