/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A scattergram in characters: how offsets spread with the delay, or over time. Drawing only, no
 * output.
 *
 *     20 us slower -|      o    o
 *                   |   oo
 *                0 -|-*-x-o------
 *                   |    o    x
 *     20 us faster -|
 *                   +--|----|----
 *                    10 us 20 us
 *                  round-trip delay
 */
#ifndef CLIENT_DRAW_SCATTER_H
#define CLIENT_DRAW_SCATTER_H

#include <stddef.h>

#include "core/ts.h"

#define SCATTER_MIN_COLUMNS 40
#define SCATTER_MAX_COLUMNS 200
#define SCATTER_MIN_ROWS    8
#define SCATTER_MAX_ROWS    60

/* The marks of a point of the one kind, of the other, and of both. */
#define SCATTER_ONE   'o'
#define SCATTER_OTHER 'x'
#define SCATTER_BOTH  '*'

/* |x| and |y| are at most 2^63 - 1, and no two are further apart than that. */
struct scatter_point {
	dur_ns x;
	dur_ns offset; /* positive: slower */
	bool other;    /* of the other kind */
};

/* The axis to the right. */
struct scatter_x {
	const char *title; /* of at most SCATTER_MIN_COLUMNS characters */
	bool is_time;      /* in minutes, hours and days, if it is long */
};

struct scatter {
	unsigned rows;
	char line[SCATTER_MAX_ROWS][SCATTER_MAX_COLUMNS + 1];
};

/*
 * Draw points into at most that many columns and exactly that many rows, both within the limits
 * above or else moved there. Without points there are no rows.
 */
void scatter_draw(struct scatter *out, const struct scatter_point *points, size_t n,
		  const struct scatter_x *x, unsigned columns, unsigned rows);

#endif
