/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The scale of an axis that gnuplot draws: where durations are on it, its unit, and its ticks. It
 * is linear; or, where a few large values would flatten all others, linear around 0 and logarithmic
 * both ways beyond that.
 */
#ifndef CLIENT_DRAW_SCALE_H
#define CLIENT_DRAW_SCALE_H

#include <stddef.h>

#include "core/ts.h"

#define SCALE_TICKS_MAX 1000

struct scale {
	bool is_log;
	double unit;           /* ns, of a linear one; of the other, where its linear part ends */
	const char *unit_name; /* of a linear one */
	double low, high;      /* where the least and the largest value are */
	char ticks[SCALE_TICKS_MAX]; /* what "set ytics" takes */
};

/*
 * The scale for `n` values, which are sorted by their size. With `may_be_log` false it is linear in
 * any case.
 */
void scale_make(struct scale *s, int64_t *values, size_t n, bool may_be_log);

/* A linear one for values in that range, in that unit. */
void scale_make_linear(struct scale *s, int64_t low, int64_t high, double unit, const char *name);

/* Where a value is. */
double scale_place(const struct scale *s, dur_ns value);

/* The range of the axis, with some room at its ends; never empty. */
struct scale_range {
	double from, to;
};

struct scale_range scale_range(const struct scale *s);

/* "slow +, fast - (ms)", for what of that: the label of the axis. Returns `buf`. */
#define SCALE_LABEL_MAX 120
const char *scale_label(const struct scale *s, const char *of, char buf[SCALE_LABEL_MAX]);

#endif
