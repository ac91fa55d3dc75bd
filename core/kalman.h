/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Kalman filters: the value and the rate of something that runs almost straight on, as the error of
 * a free clock does, from measurements that are not equally good.
 *
 * A quartz's rate wanders (a random walk, whose speed is another in a cellar than in a warming
 * room), and the offset integrates the rate (Galleani & Tavella 2003, "On the use of the Kalman
 * filter in timescales"). For a given speed the filter of Kalman (1960, "A new approach to linear
 * filtering and prediction problems") is the best estimate. The speed is unknown, so three filters
 * run side by side, which assume 1, 10 and 100 ppb per sqrt(s). Each counts by how likely its
 * recent predictions have made the measurements (Magill 1965, "Optimal adaptive estimation of
 * sampled stochastic processes"). A mean moves gradually, where a choice of the best one jumps.
 *
 * A measurement that is off by more than four standard deviations moves the estimate no farther
 * than one that is off by four (Huber 1964, "Robust estimation of a location parameter").
 *
 * The error of each measurement is the caller's (core/delays.h); intervals may be of any length.
 * Corrections of the clock meanwhile are added to the measurements, so that they are those of
 * the free clock.
 *
 * Values are ns, rates ppb (ns per second). A rate is a double, as changes far below 1 ppb add up.
 */
#ifndef CORE_KALMAN_H
#define CORE_KALMAN_H

#include "core/ts.h"

#define KALMAN_FILTERS 3

struct kalman_filter {
	double value, rate; /* at the latest measurement; the value relative to the origin */
	double value_variance, covariance, rate_variance;
	double misfit; /* -2 ln of the likelihood of its predictions, the latest ones most */
};

struct kalman {
	struct mono at; /* of the latest measurement */
	dur_ns origin;  /* so that no ns is lost in a double */
	struct kalman_filter filters[KALMAN_FILTERS];
};

/* An estimate, or the knowledge to begin with; the errors are standard deviations. */
struct kalman_estimate {
	dur_ns value; /* |value| < 2^62 */
	dur_ns value_error;
	double rate_ppb, rate_error_ppb;
};

/* Begin anew at `at` with a first measurement and a likely rate. */
void kalman_begin(struct kalman *k, struct mono at, const struct kalman_estimate *known);

/*
 * Add a measurement: |value| < 2^62, with its standard deviation, which counts as 1 ns if it is
 * less. 0, or -EINVAL if it is older than the latest.
 */
int kalman_add(struct kalman *k, struct mono at, dur_ns value, dur_ns error);

/*
 * From `at` on the rate is another by `change_ppb`, for a known reason. `at` is not before the
 * latest measurement; the value at that instant remains.
 */
void kalman_bend(struct kalman *k, struct mono at, double change_ppb);

/* The estimate for `at`, which is not before the latest measurement. */
struct kalman_estimate kalman_at(const struct kalman *k, struct mono at);

#endif
