/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/berkeley.h"

#include <errno.h>
#include <stdint.h>

/* The clocks that are not too vague, by rising offset. */
struct ranking {
	const struct berkeley_clock *clocks;
	size_t n;
	uint16_t at[BERKELEY_MAX_CLOCKS]; /* indices into clocks */
};

/* The clocks at[first] to at[last] of a ranking, both included. */
struct window {
	size_t first, last;
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

static size_t width(struct window w)
{
	return w.last - w.first + 1;
}

/* Never overflows, as offsets lie within (-2^62, 2^62). */
static dur_ns spread(const struct ranking *r, struct window w)
{
	return offset_at(r, w.last) - offset_at(r, w.first);
}

/* How far the window lies from the leader's clock, whose offset is 0. */
static dur_ns distance(const struct ranking *r, struct window w)
{
	dur_ns above = offset_at(r, w.first);
	dur_ns below = -offset_at(r, w.last);

	if (above > 0) {
		return above;
	}
	return below > 0 ? below : 0;
}

/* `b` lies higher than `a`, which is to stay if they are equal in everything that counts. */
static bool better(const struct ranking *r, struct window a, struct window b)
{
	if (width(a) != width(b)) {
		return width(b) > width(a);
	}
	if (distance(r, a) != distance(r, b)) {
		return distance(r, b) < distance(r, a);
	}
	return spread(r, b) < spread(r, a);
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
 * A sum that is to be divided by n: many offsets might overflow it, so quotients and remainders are
 * added apart.
 */
struct mean {
	int64_t n, quotients, remainders;
};

static void mean_add(struct mean *m, int64_t x)
{
	m->quotients += x / m->n;
	m->remainders += x % m->n;
}

static int64_t mean_rounded_down(const struct mean *m)
{
	return m->quotients + m->remainders / m->n - (m->remainders % m->n < 0);
}

static void average(struct berkeley_result *out, const struct ranking *r, struct window w)
{
	struct mean offset = { .n = (int64_t)width(w) };
	struct mean error = offset;

	for (size_t place = w.first; place <= w.last; place++) {
		const struct berkeley_clock *c = &r->clocks[r->at[place]];
		mean_add(&offset, c->offset);
		mean_add(&error, -c->max_error);
	}
	out->mean = mean_rounded_down(&offset);
	out->max_error = -mean_rounded_down(&error); /* so it is rounded up */
	out->used = width(w);
}

static void correct(struct berkeley_clock *c, dur_ns mean, dur_ns cap)
{
	dur_ns wanted = mean - c->offset; /* fits: both lie within (-2^62, 2^62) */

	if (c->part == BERKELEY_TOO_VAGUE && wanted <= c->max_error && wanted >= -c->max_error) {
		wanted = 0;
	}
	c->correction = wanted;
	if (cap > 0 && wanted > cap) {
		c->correction = cap;
	}
	if (cap > 0 && wanted < -cap) {
		c->correction = -cap;
	}
	c->capped = c->correction != wanted;
}

static int check(const struct berkeley_clock *clocks, size_t n,
		 const struct berkeley_options *options)
{
	if (n == 0 || options->tolerance < 0 || options->max_correction < 0) {
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

int berkeley_decide(struct berkeley_result *out, struct berkeley_clock *clocks, size_t n,
		    const struct berkeley_options *options)
{
	struct ranking r = { .clocks = clocks };
	int error = check(clocks, n, options);

	if (error) {
		return error;
	}
	for (size_t i = 0; i < n; i++) {
		if (clocks[i].max_error <= options->tolerance) {
			clocks[i].part = BERKELEY_TOO_FAR;
			ranking_insert(&r, i);
		} else {
			clocks[i].part = BERKELEY_TOO_VAGUE;
		}
	}
	struct window set = largest_set(&r, options->tolerance);
	for (size_t place = set.first; place <= set.last; place++) {
		clocks[r.at[place]].part = BERKELEY_IN_MEAN;
	}
	average(out, &r, set);
	for (size_t i = 0; i < n; i++) {
		correct(&clocks[i], out->mean, options->max_correction);
	}
	return 0;
}
