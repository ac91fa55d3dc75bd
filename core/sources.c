/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sources.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/arith.h"
#include "core/quantile.h"

/* How much of a bias is left after the next poll: some 200 polls count. */
#define MEMORY 0.995

/* A server that was not believed for so many polls is not the one in the middle. */
#define ABSENT_MOST 8

/*
 * A delay is a detour's if its excess over the least is so many times the usual excess. It takes so
 * many delays to know the usual one.
 */
#define DETOUR       2.5
#define DETOUR_LEAST 16

/* A detour that takes longer is the way. */
#define DETOUR_MOST (1800 * NS_PER_SEC)

/* The measurements of a poll, relative to the first of them. */
struct poll {
	dur_ns origin;
	size_t n;
	double offsets[SELECT_MAX], weights[SELECT_MAX]; /* of weight 0: not used */
};

/*
 * Whether the delay of a measurement is of a detour, by those before it that were made of as few
 * exchanges: the best of many is delayed less.
 */
static bool is_detour(const struct sources_one *one, dur_ns delay)
{
	const size_t n = one->singles < DELAYS_KEPT ? one->singles : DELAYS_KEPT;
	dur_ns sorted[DELAYS_KEPT], usual;

	if (n < DETOUR_LEAST) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		sorted[i] = one->delays.last[(one->delays.count - 1 - i) % DELAYS_KEPT];
	}
	quantile_sort(sorted, n);
	usual = quantile_of(sorted, n, 50) - sorted[0];
	return (double)(delay - sorted[0]) > DETOUR * (double)usual;
}

/* How much a measurement counts; nothing if it took a detour. */
static double weigh(struct sources_one *one, struct mono now, const struct sources_measurement *m)
{
	if (is_detour(one, m->width)) {
		if (mono_since(now, one->straight) < DETOUR_MOST) {
			return 0;
		}
		*one = (struct sources_one){ .weight = 0 }; /* that is the way now */
	}
	one->straight = now;
	one->singles = m->single ? one->singles + 1 : 0;
	delays_add(&one->delays, m->width);
	const double error = (double)delays_error(&one->delays);

	return 1 / (error * error);
}

/* False if there is none. */
static bool take(struct poll *p, struct sources *s, struct mono now,
		 const struct sources_measurement *m, size_t n)
{
	bool any = false;

	p->n = n;
	for (size_t i = 0; i < n; i++) {
		struct sources_one *one = &s->each[i];

		one->absent = m[i].used ? 0 : one->absent + 1;
		if (!m[i].used) {
			p->weights[i] = 0;
			continue;
		}
		p->origin = any ? p->origin : m[i].offset;
		any = true;
		p->offsets[i] = (double)arith_sub(m[i].offset, p->origin);
		p->weights[i] = weigh(one, now, &m[i]);
	}
	return any;
}

/* The weighted mean of the offsets without their biases: of those that are known, if any is. */
static double mean(const struct poll *p, const struct sources *s, double *weights)
{
	bool known = false;
	double sum = 0;

	for (size_t i = 0; i < p->n; i++) {
		known |= p->weights[i] > 0 && s->each[i].weight > 0;
	}
	*weights = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!known || s->each[i].weight > 0) {
			*weights += p->weights[i];
			sum += p->weights[i] * (p->offsets[i] - s->each[i].bias);
		}
	}
	return sum / *weights;
}

static void learn(struct sources *s, const struct poll *p, double mean)
{
	for (size_t i = 0; i < p->n; i++) {
		struct sources_one *one = &s->each[i];

		if (p->weights[i] > 0) {
			one->weight = MEMORY * one->weight + p->weights[i];
			one->bias +=
				p->weights[i] / one->weight * (p->offsets[i] - mean - one->bias);
		}
	}
}

static double median_bias(const struct sources *s, size_t n)
{
	dur_ns sorted[SELECT_MAX];
	size_t count = 0, low, high;

	for (size_t i = 0; i < n; i++) {
		if (s->each[i].weight > 0 && s->each[i].absent < ABSENT_MOST) {
			sorted[count++] = llround(s->each[i].bias);
		}
	}
	quantile_sort(sorted, count);
	low = (count - 1) / 2;
	high = count / 2;
	return (double)sorted[low] / 2 + (double)sorted[high] / 2;
}

int sources_combine(struct sources *s, struct mono now, const struct sources_measurement *measured,
		    size_t n, struct sources_result *out)
{
	struct poll p = { .n = 0 };
	double weights, without;

	if (!take(&p, s, now, measured, n)) {
		return -ENODATA;
	}
	without = mean(&p, s, &weights);
	if (!(weights > 0)) {
		*out = (struct sources_result){ .offset = p.origin, .error = INT64_MAX };
		return 0;
	}
	learn(s, &p, without);
	*out = (struct sources_result){
		.offset = arith_add(p.origin, llround(without + median_bias(s, n))),
		.error = llround(sqrt(1 / weights)),
	};
	return 0;
}
