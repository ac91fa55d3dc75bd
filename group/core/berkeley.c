/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/berkeley.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>

#include "core/arith.h"
#include "core/quantile.h"

/*
 * Clocks in agreement may be so far apart, on top of the errors of measurement: they drift between
 * corrections, and each has its own idea of the group's time.
 */
#define APART (50 * NS_PER_US)

/* Clocks by rising offset. */
struct ranking {
	const struct berkeley_clock *clocks;
	size_t n;
	uint16_t at[BERKELEY_MAX_CLOCKS]; /* indices into clocks */
};

static dur_ns offset_at(const struct ranking *r, size_t place)
{
	return r->clocks[r->at[place]].offset;
}

static void ranking_insert(struct ranking *r, size_t clock)
{
	size_t place = r->n++;

	for (; place > 0 && offset_at(r, place - 1) > r->clocks[clock].offset; place--) {
		r->at[place] = r->at[place - 1];
	}
	r->at[place] = (uint16_t)clock;
}

/* How far [low, high] lies from the leader's clock, whose offset is 0. */
static dur_ns distance(dur_ns low, dur_ns high)
{
	return low > 0 ? low : high < 0 ? -high : 0;
}

/* --- who decides ------------------------------------------------------------------------------ */

static bool is_known(const struct berkeley_clock *c, dur_ns max_error)
{
	return c->max_error <= max_error && !c->kept;
}

static bool is_trusted(const struct berkeley_clock *c)
{
	return c->trusted && !c->unsettled;
}

/*
 * The trusted clocks, and true, if they are at least two and half of all clocks that are known well
 * enough; else the settled ones of the known clocks, or all of these if none is settled.
 */
static bool choose_voters(struct ranking *r, const struct berkeley_clock *clocks, size_t n,
			  dur_ns max_error)
{
	size_t known = 0, trusted = 0, settled = 0;

	for (size_t i = 0; i < n; i++) {
		known += is_known(&clocks[i], max_error);
		trusted += is_known(&clocks[i], max_error) && is_trusted(&clocks[i]);
		settled += is_known(&clocks[i], max_error) && !clocks[i].unsettled;
	}
	const bool by_trust = trusted >= 2 && 2 * trusted >= known;

	r->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (is_known(&clocks[i], max_error) &&
		    (by_trust ? is_trusted(&clocks[i]) : !clocks[i].unsettled || settled == 0)) {
			ranking_insert(r, i);
		}
	}
	return by_trust;
}

/* --- the vote --------------------------------------------------------------------------------- */

static dur_ns low_end(const struct berkeley_clock *c)
{
	return arith_sub(c->offset, arith_add(c->max_error, APART));
}

static dur_ns high_end(const struct berkeley_clock *c)
{
	return arith_add(c->offset, arith_add(c->max_error, APART));
}

static bool holds(const struct berkeley_clock *c, dur_ns point)
{
	return low_end(c) <= point && point <= high_end(c);
}

struct vote {
	size_t held; /* by so many */
	dur_ns low, high;
};

static void prefer(struct vote *best, const struct vote *other)
{
	if (other->held > best->held ||
	    (other->held == best->held &&
	     distance(other->low, other->high) < distance(best->low, best->high))) {
		*best = *other;
	}
}

/* The interval that most clocks hold: from the last of their low ends to the first high end. */
static struct vote vote(const struct ranking *r)
{
	dur_ns low[BERKELEY_MAX_CLOCKS], high[BERKELEY_MAX_CLOCKS];
	struct vote best = { .held = 0 };

	for (size_t i = 0; i < r->n; i++) {
		low[i] = low_end(&r->clocks[r->at[i]]);
		high[i] = high_end(&r->clocks[r->at[i]]);
	}
	quantile_sort(low, r->n);
	quantile_sort(high, r->n);
	for (size_t begun = 1, ended = 0; begun <= r->n; begun++) {
		for (; high[ended] < low[begun - 1]; ended++) {
		}
		prefer(&best, &(struct vote){ begun - ended, low[begun - 1], high[ended] });
	}
	return best;
}

static dur_ns middle(const struct vote *v)
{
	return v->low / 2 + v->high / 2 + (v->low % 2 + v->high % 2) / 2;
}

/* --- the aim ---------------------------------------------------------------------------------- */

static double weight_at(const struct ranking *r, size_t place, double least_error)
{
	const double error = fmax((double)r->clocks[r->at[place]].max_error, least_error) + APART;

	return 1 / (error * error);
}

/* The leader measures all others against its own clock, so it knows that as well as the best. */
static double least_error(const struct berkeley_clock *clocks, size_t n)
{
	dur_ns least = n > 1 ? INT64_MAX : 0;

	for (size_t i = 1; i < n; i++) {
		least = arith_min(least, clocks[i].max_error);
	}
	return (double)least;
}

/*
 * The weighted median: half of the weight lies below it, and half above, if the weight of each
 * clock is spread evenly towards its neighbours.
 */
static dur_ns median(const struct ranking *r, double least)
{
	double half = 0, before, reached = weight_at(r, 0, least) / 2;
	size_t i = 0;

	for (size_t j = 0; j < r->n; j++) {
		half += weight_at(r, j, least) / 2;
	}
	for (; reached < half && i + 1 < r->n; i++) {
		before = reached;
		reached += (weight_at(r, i, least) + weight_at(r, i + 1, least)) / 2;
		if (reached >= half) {
			const dur_ns step = offset_at(r, i + 1) - offset_at(r, i);

			return offset_at(r, i) +
			       llround((double)step * (half - before) / (reached - before));
		}
	}
	return offset_at(r, i);
}

/* --- a cold start ----------------------------------------------------------------------------- */

/* The clocks at[first] to at[last] of a ranking, both included. */
struct window {
	size_t first, last;
};

static size_t width(struct window w)
{
	return w.last - w.first + 1;
}

/* Never overflows, as offsets lie within (-2^62, 2^62). */
static dur_ns spread(const struct ranking *r, struct window w)
{
	return offset_at(r, w.last) - offset_at(r, w.first);
}

/* `b` lies higher than `a`, which is to stay if they are equal in everything that counts. */
static bool better(const struct ranking *r, struct window a, struct window b)
{
	const dur_ns near_a = distance(offset_at(r, a.first), offset_at(r, a.last));
	const dur_ns near_b = distance(offset_at(r, b.first), offset_at(r, b.last));

	if (width(a) != width(b)) {
		return width(b) > width(a);
	}
	return near_a != near_b ? near_b < near_a : spread(r, b) < spread(r, a);
}

/* The best of all windows that are as wide as the tolerance lets them be. */
static struct window largest_set(const struct ranking *r, dur_ns tolerance)
{
	struct window best = { 0, 0 };
	struct window w = { 0, 0 };

	for (w.last = 0; w.last < r->n; w.last++) {
		while (spread(r, w) > tolerance) {
			w.first++;
		}
		if (better(r, best, w)) {
			best = w;
		}
	}
	return best;
}

/*
 * Rounded down. A sum of many offsets might overflow, so quotients and remainders are added apart.
 */
static dur_ns mean(const struct ranking *r, struct window w)
{
	const int64_t n = (int64_t)width(w);
	int64_t quotients = 0, remainders = 0;

	for (size_t place = w.first; place <= w.last; place++) {
		quotients += offset_at(r, place) / n;
		remainders += offset_at(r, place) % n;
	}
	return quotients + remainders / n - (remainders % n < 0);
}

static void average(struct berkeley_result *out, struct berkeley_clock *clocks,
		    const struct ranking *r, dur_ns tolerance)
{
	const struct window set = largest_set(r, tolerance);

	for (size_t place = set.first; place <= set.last; place++) {
		clocks[r->at[place]].part = BERKELEY_IN_MEAN;
	}
	out->mean = mean(r, set);
	out->used = width(set);
}

/* No clock of a set that is no wider needs more than the largest correction. */
static dur_ns widest(const struct berkeley_options *o)
{
	return o->max_correction > 0 ? arith_min(o->tolerance, o->max_correction) : o->tolerance;
}

/* --- all of it -------------------------------------------------------------------------------- */

/* By the vote: the voters that hold the point count, and others that do agree. */
static void agree(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
		  struct ranking *voters, dur_ns point)
{
	size_t left = 0;

	for (size_t i = 0; i < n; i++) {
		clocks[i].agrees = clocks[i].part == BERKELEY_TOO_FAR && holds(&clocks[i], point);
		if (clocks[i].agrees) {
			clocks[i].part = BERKELEY_NEW;
		}
	}
	for (size_t place = 0; place < voters->n; place++) {
		struct berkeley_clock *c = &clocks[voters->at[place]];

		if (c->agrees) {
			c->part = BERKELEY_IN_MEAN;
			voters->at[left++] = voters->at[place];
		}
	}
	voters->n = left;
	out->mean = median(voters, least_error(clocks, n));
	out->used = left;
}

/* The part of it that is sure: the rest when the measurement is as wrong as it can be. */
static dur_ns sure_part(dur_ns wanted, dur_ns max_error)
{
	return wanted > 0 ? arith_max(wanted - max_error, 0)
			  : arith_min(arith_add(wanted, max_error), 0);
}

static void correct(struct berkeley_clock *c, dur_ns mean, dur_ns max_correction)
{
	if (c->part == BERKELEY_KEPT) {
		c->correction = 0;
		return;
	}
	c->correction = mean - c->offset; /* fits: both lie within (-2^62, 2^62) */
	if (c->part == BERKELEY_TOO_VAGUE) {
		c->correction = sure_part(c->correction, c->max_error);
	}
	if (max_correction > 0 && arith_abs(c->correction) > max_correction) {
		c->correction = 0;
		c->part = BERKELEY_REFUSED;
	}
}

static int check(const struct berkeley_clock *clocks, size_t n,
		 const struct berkeley_options *options)
{
	if (n == 0 || options->tolerance < 0 || options->max_error < 0 ||
	    options->max_correction < 0 ||
	    (options->has_target && arith_abs(options->target) >= TS_LIMIT)) {
		return -EINVAL;
	}
	if (n > BERKELEY_MAX_CLOCKS) {
		return -E2BIG;
	}
	if (clocks[0].offset != 0 || clocks[0].max_error != 0) {
		return -EINVAL;
	}
	for (size_t i = 0; i < n; i++) {
		const struct berkeley_clock *c = &clocks[i];
		if (c->offset <= -TS_LIMIT || c->offset >= TS_LIMIT || c->max_error < 0) {
			return -ERANGE;
		}
	}
	return 0;
}

static void begin(struct berkeley_clock *c, dur_ns max_error)
{
	c->agrees = false;
	c->correction = 0;
	c->part = c->kept                    ? BERKELEY_KEPT
		  : c->max_error > max_error ? BERKELEY_TOO_VAGUE
					     : BERKELEY_TOO_FAR;
}

/* Decide what the group's time is. */
static void choose_mean(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
			const struct berkeley_options *options)
{
	struct ranking voters = { .clocks = clocks };
	const bool by_trust = choose_voters(&voters, clocks, n, options->max_error);
	struct vote most;

	if (voters.n == 0) {
		return;
	}
	most = vote(&voters);
	if (by_trust || 2 * most.held > voters.n) {
		agree(out, clocks, n, &voters, middle(&most));
	} else {
		average(out, clocks, &voters, widest(options));
	}
}

int berkeley_decide(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
		    const struct berkeley_options *options)
{
	int error = check(clocks, n, options);

	if (error) {
		return error;
	}
	*out = (struct berkeley_result){ .used = 0 };
	for (size_t i = 0; i < n; i++) {
		begin(&clocks[i], options->max_error);
	}
	choose_mean(out, clocks, n, options);
	out->own = out->mean;
	out->mean = options->has_target ? options->target : out->own;
	for (size_t i = 0; i < n && (out->used > 0 || options->has_target); i++) {
		correct(&clocks[i], out->mean, options->max_correction);
	}
	return 0;
}
