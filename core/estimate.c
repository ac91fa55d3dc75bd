/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/estimate.h"

#include <errno.h>
#include <string.h>

#include "core/agree.h"
#include "core/arith.h"
#include "core/drift.h"

/* The usable samples of one kind. */
struct pool {
	size_t count;
	const struct sample *best;  /* of least delay; NULL when the pool is empty */
	const struct sample *first; /* the earliest, likewise */
};

/*
 * The results of one pass over the samples; those of one kind are valid when its pool is not empty.
 */
struct survey {
	const struct sample *samples;
	size_t n;
	struct pool stamps, times;
	dur_ns least_there, least_back; /* t2-t1 and t4-t3 of the stamps, each the least of all */
	ts_ns earliest;                 /* local clock: t1 of the first of the stamps */
	ts_ns at;                       /* local clock: t4 of the last sample of any kind */
};

/* An estimate for the instant `since`, before the clocks drift apart. */
struct draft {
	dur_ns offset, delay, bound;
	ts_ns since;
	size_t used;
};

/*
 * Whether `a` is to be preferred to `b`: less delay, then the later one, whose bound has grown
 * less, then the one of the lesser t2. Two that are equal in all three give the same estimate, so
 * the order of the samples never matters.
 */
static bool better(const struct sample *a, const struct sample *b)
{
	dur_ns delay_a = sample_delay(a);
	dur_ns delay_b = sample_delay(b);

	if (delay_a != delay_b) {
		return delay_a < delay_b;
	}
	if (a->t1 != b->t1) {
		return a->t1 > b->t1;
	}
	return a->t2 < b->t2;
}

/* By t1, and then as above. */
static bool earlier(const struct sample *a, const struct sample *b)
{
	return a->t1 != b->t1 ? a->t1 < b->t1 : better(a, b);
}

static void pool_add(struct pool *p, const struct sample *s)
{
	if (!p->first || earlier(s, p->first)) {
		p->first = s;
	}
	if (!p->best || better(s, p->best)) {
		p->best = s;
	}
	p->count++;
}

static void survey_ways(struct survey *v, const struct sample *s)
{
	dur_ns there = s->t2 - s->t1;
	dur_ns back = s->t4 - s->t3;
	bool first = v->stamps.count == 0;

	if (first || there < v->least_there) {
		v->least_there = there;
	}
	if (first || back < v->least_back) {
		v->least_back = back;
	}
	if (first || s->t1 < v->earliest) {
		v->earliest = s->t1;
	}
}

static bool is_usable_stamps(const struct sample *s)
{
	return s->kind == SAMPLE_TIMESTAMPS && sample_check(s) == SAMPLE_OK;
}

static struct survey survey_make(const struct sample *samples, size_t n)
{
	struct survey v = { .samples = samples, .n = n };

	for (size_t i = 0; i < n; i++) {
		const struct sample *s = &samples[i];
		if (sample_check(s) != SAMPLE_OK) {
			continue;
		}
		if (is_usable_stamps(s)) {
			survey_ways(&v, s);
			pool_add(&v.stamps, s);
		} else {
			pool_add(&v.times, s);
		}
		if (s->t4 > v.at) {
			v.at = s->t4;
		}
	}
	return v;
}

/* Rounded down. The sum of many delays might overflow, so quotients and remainders are summed. */
static dur_ns mean_delay(const struct survey *v)
{
	int64_t count = (int64_t)v->stamps.count;
	int64_t mean = 0;
	int64_t rest = 0;

	for (size_t i = 0; i < v->n; i++) {
		if (!is_usable_stamps(&v->samples[i])) {
			continue;
		}
		dur_ns delay = sample_delay(&v->samples[i]);
		mean += delay / count;
		rest += delay % count;
		if (rest >= count) {
			rest -= count;
			mean++;
		}
	}
	return mean;
}

/*
 * Of several SAMPLE_TIMEs the quickest would not do: its way back is shorter than the mean one, so
 * the clock would always be set too far ahead.
 */
static int draft_mean(struct draft *out, const struct survey *v, const struct estimate_options *o)
{
	const struct sample *time = v->times.first;

	(void)o;
	if (!time || v->stamps.count == 0) {
		return -ENODATA;
	}
	dur_ns delay = mean_delay(v);
	dur_ns way_back = delay / 2;
	dur_ns if_longer = sample_delay(time) - way_back; /* the error if it took the whole rtt */
	*out = (struct draft){
		.offset = (time->t2 + way_back) - time->t4,
		.delay = delay,
		.bound = way_back > if_longer ? way_back : if_longer,
		.since = time->t1,
		.used = v->stamps.count + v->times.count,
	};
	return 0;
}

/* The least of the pool taken alone, as both Cristian and NTP do. */
static int draft_least_delay(struct draft *out, const struct pool *p)
{
	if (!p->best) {
		return -ENODATA;
	}
	*out = (struct draft){
		.offset = sample_offset(p->best),
		.delay = sample_delay(p->best),
		.bound = sample_bound(p->best),
		.since = p->best->t1,
		.used = p->count,
	};
	return 0;
}

static int draft_cristian(struct draft *out, const struct survey *v,
			  const struct estimate_options *o)
{
	int error = draft_least_delay(out, &v->times);

	if (error) {
		return error;
	}
	if (o->min_one_way > 0 && o->min_one_way <= out->delay / 2) {
		out->bound -= o->min_one_way;
	}
	return 0;
}

static int draft_ntp(struct draft *out, const struct survey *v, const struct estimate_options *o)
{
	(void)o;
	return draft_least_delay(out, &v->stamps);
}

static int draft_minimum(struct draft *out, const struct survey *v,
			 const struct estimate_options *o)
{
	(void)o;
	if (v->stamps.count == 0) {
		return -ENODATA;
	}
	/* Below zero when the clocks drifted apart between the two exchanges. */
	dur_ns sum = v->least_there + v->least_back;
	*out = (struct draft){
		.offset = (v->least_there - v->least_back) / 2,
		.delay = sum > 0 ? sum : 0,
		.bound = sum / 2 + (sum % 2 > 0),
		.since = v->earliest,
		.used = v->stamps.count,
	};
	return 0;
}

/* A further method goes here. */

static const struct {
	const char *name;
	int (*draft)(struct draft *out, const struct survey *v, const struct estimate_options *o);
} methods[ESTIMATE_METHODS] = {
#define ESTIMATE_ROW(NAME, name) [ESTIMATE_##NAME] = { #name, draft_##name },
	ESTIMATE_TABLE(ESTIMATE_ROW)
};

const char *estimate_method_name(enum estimate_method method)
{
	return (size_t)method < ESTIMATE_METHODS ? methods[method].name : "unknown";
}

int estimate_make(struct estimate *out, enum estimate_method method, const struct sample *samples,
		  size_t n, const struct estimate_options *options)
{
	if ((size_t)method >= ESTIMATE_METHODS) {
		return -EINVAL;
	}
	struct survey v = survey_make(samples, n);
	struct draft d;
	int error = methods[method].draft(&d, &v, options);
	if (error) {
		return error;
	}
	if (!agree(samples, n, options->max_drift_ppb, NULL)) {
		return -EDOM;
	}
	*out = (struct estimate){
		.offset = d.offset,
		.delay = d.delay,
		.max_error = d.bound,
		.at = d.since,
		.drift_ppb = options->max_drift_ppb > 0 ? options->max_drift_ppb : 0,
		.used = d.used,
	};
	estimate_age(out, v.at);
	return 0;
}

void estimate_age(struct estimate *e, ts_ns at)
{
	e->max_error = arith_add(e->max_error, drift_over(at - e->at, e->drift_ppb));
	e->at = at;
}
