/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Arithmetic on times and rates that does not overflow: results are cut at +-INT64_MAX.
 */
#ifndef CORE_ARITH_H
#define CORE_ARITH_H

#include <stdint.h>

static inline int64_t arith_min(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static inline int64_t arith_max(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static inline int64_t arith_between(int64_t x, int64_t least, int64_t most)
{
	return arith_max(least, arith_min(x, most));
}

/* x, but no farther from 0 than `most`, which is not negative. */
static inline int64_t arith_clamp(int64_t x, int64_t most)
{
	return arith_between(x, -most, most);
}

/* |x| in full: that of INT64_MIN only fits without a sign. */
static inline uint64_t arith_magnitude(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

/* |x|. */
static inline int64_t arith_abs(int64_t x)
{
	return x < 0 ? -arith_clamp(x, INT64_MAX) : x;
}

/* a + b. */
static inline int64_t arith_add(int64_t a, int64_t b)
{
	if (b > 0) {
		return a > INT64_MAX - b ? INT64_MAX : a + b;
	}
	return a < -INT64_MAX - b ? -INT64_MAX : a + b;
}

/* a - b. */
static inline int64_t arith_sub(int64_t a, int64_t b)
{
	if (b < 0) {
		return a > INT64_MAX + b ? INT64_MAX : a - b;
	}
	return a < -INT64_MAX + b ? -INT64_MAX : a - b;
}

/* |a - b|. */
static inline int64_t arith_distance(int64_t a, int64_t b)
{
	return arith_abs(arith_sub(a, b));
}

#endif
