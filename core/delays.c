/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/delays.h"

#include <string.h>

#include "core/arith.h"
#include "core/quantile.h"

/* The least delay, but for a few that are too good to be true: forged, or of a clock that stepped.
 */
#define LEAST_PERCENT 10

/* The least error of timestamps. */
#define STAMPING 300

void delays_add(struct delays *d, dur_ns delay)
{
	d->last[d->count++ % DELAYS_KEPT] = delay;
}

dur_ns delays_error(const struct delays *d)
{
	const size_t n = d->count < DELAYS_KEPT ? d->count : DELAYS_KEPT;
	dur_ns sorted[DELAYS_KEPT], least, usual, excess;

	if (n == 0) {
		return 0;
	}
	memcpy(sorted, d->last, n * sizeof(sorted[0]));
	quantile_sort(sorted, n);
	least = quantile_of(sorted, n, LEAST_PERCENT);
	usual = (quantile_of(sorted, n, 50) - least) / 2;
	usual = arith_max(usual, least >> (n < 62 ? n : 62));
	excess = arith_max(d->last[(d->count - 1) % DELAYS_KEPT] - least, 0);
	/* At most half of the excess over the least delay, if all of it is added one way. */
	return (excess + usual + STAMPING) / 5 * 2;
}
