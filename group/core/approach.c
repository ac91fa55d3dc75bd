/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/approach.h"

#include <math.h>

#include "core/arith.h"
#include "core/drift_limits.h"
#include "group/core/common_rate.h"
#include "group/core/servo.h"

#define PPT_PER_PPB 1000.0

/* Rate and turn move the clocks in a cycle by at most so much more than in the one before, ns. */
#define SOFTLY 25000.0

/* Near the end the rest is spread over so many cycles. */
#define GENTLY 4

/* A measurement that is off by so many standard deviations, and by SOFTLY, contradicts. */
#define SURELY 4

/* The standard deviation of a measurement, as assumed at first, and at the least; ns. */
#define NOISE_AT_FIRST 100000.0
#define NOISE_AT_LEAST 1000.0
/* The variance is a mean over so many values; a value counts for at most so many times the mean. */
#define NOISES_MOST 16
#define NOISE_ODD   64

/*
 * The error of the rate to begin with, ppb: of members that have learned it, of quartzes, and of
 * clocks that soon contradict that.
 */
static const double rate_errors[] = { 1000, 50000, DRIFT_LIKELY_PPB };
#define RATE_ERRORS (sizeof(rate_errors) / sizeof(rate_errors[0]))
#define OF_QUARTZES 1

/* After so many measurements that agree, a contradiction is not soon. */
#define ENOUGH 8

static double seconds(dur_ns d)
{
	return (double)d / NS_PER_SEC;
}

static double square(double x)
{
	return x * x;
}

/* --- the sum of rates and turns --------------------------------------------------------------- */

static void add_up(struct approach *a, struct mono now, dur_ns cycle, int64_t rate)
{
	const dur_ns passed = mono_since(now, a->at);
	const dur_ns turned = arith_min(passed, SERVO_TURN_CYCLES * cycle);

	if (a->adds) {
		a->added += ((double)rate * seconds(passed) + (double)a->turn * seconds(turned)) /
			    PPT_PER_PPB;
	}
	a->adds = true;
	a->at = now;
}

/* --- the noise -------------------------------------------------------------------------------- */

/* By how much the middle one of three points is off the line between the others. */
static void note_noise(struct approach *a, const struct approach_point *p)
{
	const struct approach_point *first = &a->last[0], *middle = &a->last[1];
	const double all = seconds(mono_since(p->at, first->at));
	const double share = seconds(mono_since(middle->at, first->at)) / all;
	const double off = middle->value - first->value - share * (p->value - first->value);
	const double seen = square(off) / (1 + square(share) + square(1 - share));

	a->noises += a->noises < NOISES_MOST;
	a->noise += (fmin(seen, NOISE_ODD * a->noise) - a->noise) / (a->noises + 1);
	a->noise = fmax(a->noise, square(NOISE_AT_LEAST));
}

static void note_point(struct approach *a, const struct approach_point *p)
{
	if (a->points == 2 && p->at.ns > a->last[1].at.ns) {
		note_noise(a, p);
	}
	a->last[0] = a->last[1];
	a->last[1] = *p;
	a->points += a->points < 2;
}

/* --- the line --------------------------------------------------------------------------------- */

static void begin(struct approach *a, const struct approach_point *p, double rate_ppb)
{
	const struct kalman_estimate known = {
		.value = llround(p->value),
		.value_error = llround(sqrt(a->noise)),
		.rate_ppb = rate_ppb,
		.rate_error_ppb = rate_errors[a->begun],
	};

	kalman_begin(&a->kalman, p->at, &known);
	a->knows = true;
	a->doubts = false;
	a->agreed = 0;
	a->begun += a->begun + 1 < RATE_ERRORS;
}

static bool contradicts(const struct approach *a, const struct approach_point *p,
			const struct kalman_estimate *e)
{
	const double likely = sqrt(a->noise + square((double)e->value_error));

	return fabs(p->value - (double)e->value) > SURELY * likely + SOFTLY;
}

static void take(struct approach *a, const struct approach_point *p, int64_t rate, bool learned)
{
	struct kalman_estimate e;

	if (!a->knows) {
		a->noise = a->noises == 0 ? square(NOISE_AT_FIRST) : a->noise;
		a->begun = learned ? 0 : OF_QUARTZES;
		begin(a, p, (double)rate / PPT_PER_PPB);
		return;
	}
	e = kalman_at(&a->kalman, p->at);
	if (!contradicts(a, p, &e)) {
		a->doubts = false;
		a->agreed += a->agreed < ENOUGH;
		a->begun = a->agreed == ENOUGH ? 0 : a->begun;
		(void)kalman_add(&a->kalman, p->at, llround(p->value), llround(sqrt(a->noise)));
	} else if (a->doubts) {
		begin(a, p, e.rate_ppb);
	} else {
		a->doubts = true;
	}
}

/* --- deciding --------------------------------------------------------------------------------- */

/* `from` on the way to `to`: no clock is moved by more than SOFTLY more in a cycle. */
static int64_t softly(int64_t from, double to, dur_ns cycle)
{
	const int64_t most = llround(SOFTLY * PPT_PER_PPB / seconds(cycle));

	return from + arith_clamp(llround(to) - from, most);
}

/* How far to move in a cycle, so that it can end in time. */
static double turn_for(double left, dur_ns cycle)
{
	const double most = (double)APPROACH_MOST_TURN / PPT_PER_PPB * seconds(cycle);
	const double fast = fmin(most, fmin(sqrt(SOFTLY * fabs(left)), fabs(left) / GENTLY));

	return copysign(fast, left) / seconds(cycle) * PPT_PER_PPB;
}

int64_t approach_measured(struct approach *a, struct mono now, dur_ns cycle, int64_t rate,
			  dur_ns distance, bool learned)
{
	struct kalman_estimate e;
	struct approach_point p;

	add_up(a, now, cycle, rate);
	p = (struct approach_point){ .at = now, .value = (double)distance + a->added };
	note_point(a, &p);
	take(a, &p, rate, learned);
	e = kalman_at(&a->kalman, now);
	a->turn = softly(a->turn, turn_for((double)e.value - a->added, cycle), cycle);
	return arith_clamp(softly(rate, e.rate_ppb * PPT_PER_PPB, cycle), COMMON_RATE_MAX);
}

int64_t approach_drift(const struct approach *a, int64_t rate)
{
	const struct kalman_estimate e = kalman_at(&a->kalman, a->at);
	const double off =
		fabs(e.rate_ppb - (double)rate / PPT_PER_PPB) + fabs((double)a->turn) / PPT_PER_PPB;

	return a->knows ? llround(fmin(off + SURELY * e.rate_error_ppb, NS_PER_SEC))
			: DRIFT_LIKELY_PPB;
}

void approach_hold(struct approach *a, struct mono now, dur_ns cycle, int64_t rate)
{
	add_up(a, now, cycle, rate);
	a->turn = softly(a->turn, 0, cycle);
}

void approach_end(struct approach *a, dur_ns cycle)
{
	const int64_t turn = softly(a->turn, 0, cycle);

	*a = (struct approach){ .turn = turn };
}

void approach_forget(struct approach *a)
{
	*a = (struct approach){ .turn = 0 };
}
