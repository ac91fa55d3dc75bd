/*
 * A scattergram in characters: how the offsets of samples spread with their delay. Drawing only, no
 * output.
 *
 *     20 us slower -|      o    o
 *                   |   oo
 *                0 -|-*-x-o------
 *                   |    o    x
 *     20 us faster -|
 *                   +--|----|----
 *                    10 us 20 us
 *                delay, there and back
 */
#ifndef CLIENT_SCATTER_H
#define CLIENT_SCATTER_H

#include <stddef.h>

#include "core/sample.h"

#define SCATTER_MIN_COLUMNS 40
#define SCATTER_MAX_COLUMNS 200
#define SCATTER_MIN_ROWS    8
#define SCATTER_MAX_ROWS    60

/* What stands for a SAMPLE_TIMESTAMPS, for a SAMPLE_TIME, and where both are. */
#define SCATTER_ROUND 'o'
#define SCATTER_TIME  'x'
#define SCATTER_BOTH  '*'

struct scatter {
	unsigned rows;
	char line[SCATTER_MAX_ROWS][SCATTER_MAX_COLUMNS + 1];
};

/*
 * Draw samples that sample_check has found usable into at most that many columns and exactly that
 * many rows, both within the limits above or else moved there. Offsets are shown against `zero`, an
 * offset too. Without samples there are no rows.
 */
void scatter_draw(struct scatter *out, const struct sample *samples, size_t n, dur_ns zero,
		  unsigned columns, unsigned rows);

#endif
