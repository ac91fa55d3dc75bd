/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/kalman.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/arith.h"

/* How much of a misfit is left after the next measurement. */
#define MEMORY 0.98

/* A measurement that is off by more standard deviations counts as one that is off by so many. */
#define FARTHEST 4

/* How fast the rate wanders, ppb per sqrt(s). */
static const double wander[KALMAN_FILTERS] = { 1, 10, 100 };

static double seconds_since(struct mono later, struct mono earlier)
{
	return (double)mono_since(later, earlier) / NS_PER_SEC;
}

static dur_ns rounded(double ns)
{
	return fabs(ns) < (double)TS_LIMIT ? (dur_ns)llround(ns) : ns < 0 ? -TS_LIMIT : TS_LIMIT;
}

static double square(double x)
{
	return x * x;
}

void kalman_begin(struct kalman *k, struct mono at, const struct kalman_estimate *known)
{
	memset(k, 0, sizeof(*k));
	k->at = at;
	k->origin = known->value;
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		k->filters[i] = (struct kalman_filter){
			.rate = known->rate_ppb,
			.value_variance = square((double)known->value_error),
			.rate_variance = square(known->rate_error_ppb),
		};
	}
}

/* After `dt` seconds without a measurement. */
static struct kalman_filter predicted(const struct kalman_filter *f, double q, double dt)
{
	struct kalman_filter p = *f;

	p.value += f->rate * dt;
	p.value_variance +=
		2 * dt * f->covariance + dt * dt * f->rate_variance + q * q * dt * dt * dt / 3;
	p.covariance += dt * f->rate_variance + q * q * dt * dt / 2;
	p.rate_variance += q * q * dt;
	return p;
}

static void correct(struct kalman_filter *f, double value, double variance)
{
	const struct kalman_filter p = *f;
	const double expected = p.value_variance + variance;
	const double farthest = FARTHEST * sqrt(expected);
	const double surprise = fmax(-farthest, fmin(value - p.value, farthest));
	const double gain = p.value_variance / expected;
	const double rate_gain = p.covariance / expected;

	f->misfit = MEMORY * p.misfit + square(surprise) / expected + log(expected);
	f->value += gain * surprise;
	f->rate += rate_gain * surprise;
	f->value_variance -= gain * p.value_variance;
	f->covariance -= gain * p.covariance;
	f->rate_variance -= rate_gain * p.covariance;
}

int kalman_add(struct kalman *k, struct mono at, dur_ns value, dur_ns error)
{
	const double dt = seconds_since(at, k->at);

	if (dt < 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		struct kalman_filter *f = &k->filters[i];

		*f = predicted(f, wander[i], dt);
		correct(f, (double)(value - k->origin), square((double)arith_max(error, 1)));
	}
	k->at = at;
	return 0;
}

void kalman_bend(struct kalman *k, struct mono at, double change_ppb)
{
	const double dt = seconds_since(at, k->at);

	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		k->filters[i].value -= change_ppb * dt;
		k->filters[i].rate += change_ppb;
	}
}

/* How much each filter counts, all together 1. */
static void weigh(const struct kalman *k, double weights[KALMAN_FILTERS])
{
	double least = k->filters[0].misfit;
	double sum = 0;

	for (size_t i = 1; i < KALMAN_FILTERS; i++) {
		least = fmin(least, k->filters[i].misfit);
	}
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		weights[i] = exp((least - k->filters[i].misfit) / 2);
		sum += weights[i];
	}
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		weights[i] /= sum;
	}
}

struct kalman_estimate kalman_at(const struct kalman *k, struct mono at)
{
	const double dt = seconds_since(at, k->at);
	double weights[KALMAN_FILTERS], value = 0, rate = 0, values = 0, rates = 0;
	struct kalman_filter p[KALMAN_FILTERS];

	weigh(k, weights);
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		p[i] = predicted(&k->filters[i], wander[i], dt);
		value += weights[i] * p[i].value;
		rate += weights[i] * p[i].rate;
	}
	/* The variance of a mixture: that within its parts, and that between them. */
	for (size_t i = 0; i < KALMAN_FILTERS; i++) {
		values += weights[i] * (p[i].value_variance + square(p[i].value - value));
		rates += weights[i] * (p[i].rate_variance + square(p[i].rate - rate));
	}
	return (struct kalman_estimate){
		.value = arith_clamp(arith_add(k->origin, rounded(value)), TS_LIMIT),
		.value_error = rounded(sqrt(values)),
		.rate_ppb = rate,
		.rate_error_ppb = sqrt(rates),
	};
}
