/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/regress.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/arith.h"

/* A test of runs of fewer residuals than this says nothing. */
#define LEAST_FOR_RUNS 8

/* How many standard deviations fewer runs than expected are too few: 1 in 100 by chance. */
#define TOO_FEW_RUNS 2.33

/* A residual that rounding to nanoseconds explains. */
#define ROUNDING 1.0

/* A sample relative to the latest, so that no nanosecond is lost. */
struct point {
	double x; /* s, never positive */
	double y; /* ns */
	double weight;
};

/* y = mean_y + slope * (x - mean_x) */
struct line {
	double mean_x, mean_y, slope;
	double weights;  /* their sum */
	double spread_x; /* weighted sum of the squares of x - mean_x */
	double variance; /* of a measurement of weight 1, from the residuals */
};

int regress_add(struct regress *r, const struct regress_sample *s)
{
	if (r->count > 0 && mono_since(s->at, r->samples[r->count - 1].at) <= 0) {
		return -EINVAL;
	}
	if (r->count == REGRESS_SAMPLES) {
		r->count--;
		memmove(r->samples, r->samples + 1, r->count * sizeof(r->samples[0]));
	}
	r->samples[r->count++] = *s;
	return 0;
}

static void forget_oldest(struct regress *r, size_t n)
{
	r->count -= n;
	memmove(r->samples, r->samples + n, r->count * sizeof(r->samples[0]));
}

static void weigh(struct point *points, const struct regress_sample *samples, size_t n)
{
	dur_ns least = samples[0].delay;
	double mean = 0;

	for (size_t i = 1; i < n; i++) {
		least = samples[i].delay < least ? samples[i].delay : least;
	}
	for (size_t i = 0; i < n; i++) {
		mean += (double)(samples[i].delay - least) / (double)n;
	}
	for (size_t i = 0; i < n; i++) {
		double excess = mean > 0 ? (double)(samples[i].delay - least) / mean : 0;
		points[i].weight = 1 / ((1 + excess) * (1 + excess));
	}
}

static void take_points(struct point *points, const struct regress_sample *samples, size_t n)
{
	const struct regress_sample *latest = &samples[n - 1];

	for (size_t i = 0; i < n; i++) {
		points[i].x = (double)mono_since(samples[i].at, latest->at) / (double)NS_PER_SEC;
		points[i].y = (double)arith_sub(samples[i].offset, latest->offset);
	}
	weigh(points, samples, n);
}

static double residual(const struct line *l, const struct point *p)
{
	return p->y - l->mean_y - l->slope * (p->x - l->mean_x);
}

static struct line fit(const struct point *points, size_t n)
{
	struct line l = { .slope = 0 };
	double spread_xy = 0;

	for (size_t i = 0; i < n; i++) {
		l.weights += points[i].weight;
		l.mean_x += points[i].weight * points[i].x;
		l.mean_y += points[i].weight * points[i].y;
	}
	l.mean_x /= l.weights;
	l.mean_y /= l.weights;
	for (size_t i = 0; i < n; i++) {
		double x = points[i].x - l.mean_x;
		l.spread_x += points[i].weight * x * x;
		spread_xy += points[i].weight * x * (points[i].y - l.mean_y);
	}
	l.slope = spread_xy / l.spread_x; /* not 0, as no two samples are of one instant */
	for (size_t i = 0; i < n; i++) {
		double e = residual(&l, &points[i]);
		l.variance += points[i].weight * e * e / (double)(n - 2);
	}
	return l;
}

/* Whether the residuals lie as on a curve: in fewer runs of one sign than chance makes. */
static bool is_bent(const struct line *l, const struct point *points, size_t n)
{
	double above = 0;
	double runs = 1;
	bool rounding = true;

	if (n < LEAST_FOR_RUNS) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		double e = residual(l, &points[i]);
		above += e > 0;
		runs += i > 0 && (e > 0) != (residual(l, &points[i - 1]) > 0);
		rounding = rounding && fabs(e) <= ROUNDING;
	}
	double all = (double)n;
	double expected = 1 + 2 * above * (all - above) / all;
	double variance = (expected - 1) * (expected - 2) / (all - 1);
	return !rounding && runs < expected - TOO_FEW_RUNS * sqrt(variance);
}

/*
 * Student's t for a confidence of 99.9 %: a table, and beyond it the expansion around the
 * normal distribution (Abramowitz & Stegun 1964, 26.7.5), right to 0.3 %.
 */
static double student(size_t degrees)
{
	static const double table[] = { INFINITY, 636.619, 31.599, 12.924, 8.610,
					6.869,    5.959,   5.408,  5.041,  4.781 };
	const double z = 3.2905;
	const double z2 = z * z;
	double v = (double)degrees;

	if (degrees < sizeof(table) / sizeof(table[0])) {
		return table[degrees];
	}
	return z * (1 + (z2 + 1) / (4 * v) + ((5 * z2 + 16) * z2 + 3) / (96 * v * v) +
		    (((3 * z2 + 19) * z2 + 17) * z2 - 15) / (384 * v * v * v));
}

/* To the nearest; half a unit added to a limit rounds it up. */
static int64_t rounded(double x)
{
	const double most = 9223372036854774784.0; /* the last double below 2^63 */

	if (x >= most) {
		return INT64_MAX;
	}
	return x <= -most ? -INT64_MAX : (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

int regress_fit(struct regress *r, struct mono now, struct regress_line *out)
{
	struct point points[REGRESS_SAMPLES];
	struct line l;

	if (r->count < REGRESS_LEAST) {
		return -ENODATA;
	}
	take_points(points, r->samples, r->count);
	l = fit(points, r->count);
	while (is_bent(&l, points, r->count)) {
		forget_oldest(r, 1);
		take_points(points, r->samples, r->count);
		l = fit(points, r->count);
	}
	const struct regress_sample *latest = &r->samples[r->count - 1];
	double ahead = (double)mono_since(now, latest->at) / (double)NS_PER_SEC - l.mean_x;
	double t = student(r->count - 2);
	double share = 1 / l.weights + ahead * ahead / l.spread_x;
	out->offset = arith_add(latest->offset, rounded(l.mean_y + l.slope * ahead));
	out->offset_error = rounded(t * sqrt(l.variance * share) + 0.5);
	out->rate_ppb = rounded(l.slope); /* 1 ns/s is 1 ppb */
	out->rate_error_ppb = rounded(t * sqrt(l.variance / l.spread_x) + 0.5);
	out->used = r->count;
	return 0;
}

int regress_limits(const struct regress *r, int64_t *low, int64_t *high)
{
	double least = -INFINITY;
	double most = INFINITY;

	if (r->count < 2) {
		return -ENODATA;
	}
	for (size_t i = 1; i < r->count; i++) {
		const struct regress_sample *b = &r->samples[i];
		for (size_t j = 0; j < i; j++) {
			const struct regress_sample *a = &r->samples[j];
			double time = (double)mono_since(b->at, a->at) / (double)NS_PER_SEC;
			double change = (double)arith_sub(b->offset, a->offset);
			double error = (double)a->max_error + (double)b->max_error;
			least = fmax(least, (change - error) / time);
			most = fmin(most, (change + error) / time);
		}
	}
	*low = rounded(least - 0.5);
	*high = rounded(most + 0.5);
	return 0;
}
