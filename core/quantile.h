/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Quantiles of many numbers.
 */
#ifndef CORE_QUANTILE_H
#define CORE_QUANTILE_H

#include <stddef.h>
#include <stdint.h>

/* Sort, the least first, in place: n log n comparisons at worst. */
void quantile_sort(int64_t *values, size_t n);

/*
 * Of `n` > 0 sorted values the least one that at least `percent` % of them do not exceed, `percent`
 * from 0 to 100: the nearest rank, so it is always one of them.
 */
int64_t quantile_of(const int64_t *sorted, size_t n, unsigned percent);

#endif
