/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/tracking/judge.h"

#include <math.h>
#include <stdlib.h>

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

static struct world *new_world(void)
{
	struct world *w = malloc(sizeof(*w));

	if (!w) {
		abort();
	}
	return w;
}

static struct discipline_limits limits_of(enum judge_contender who)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.mono_is_tuned = true;
	if (who == JUDGE_EVERY_16S) {
		limits.min_poll = limits.max_poll = 16 * NS_PER_SEC;
	}
	return limits;
}

/* One seed of a world, added up. */
static void add_seed(struct judge_result *r, const struct worlds_row *row, enum judge_contender who,
		     uint64_t seed)
{
	const double hours = (double)(row->judged.until - row->judged.from) / (double)HOUR;
	const struct discipline_limits limits = limits_of(who);
	struct world *w = new_world();
	const struct world_error *e = &w->error;
	size_t before;

	tracking_begin(w, &row->options, &limits, seed);
	tracking_run(w, row->judged.from);
	before = w->sent;
	tracking_watch(w);
	tracking_run(w, row->judged.until);
	r->rms += e->squares / (double)e->seconds;
	r->rate += e->rate_squares / (double)e->seconds;
	r->mean_rate += e->mean_squares / (double)e->means;
	r->sent += (double)(w->sent - before) / hours / (double)w->options.servers;
	r->within[0] += w->first_below[0];
	r->within[1] += w->first_below[1];
	r->polls += w->polls;
	r->broken += w->broken;
	r->failed |= w->failed || w->first_below[0] < 0;
	free(w);
}

struct judge_result judge(const struct worlds_row *row, enum judge_contender who, uint64_t seeds)
{
	const double n = (double)seeds;
	struct judge_result r = { .failed = false };

	for (uint64_t seed = 1; seed <= seeds; seed++) {
		add_seed(&r, row, who, seed);
	}
	r.rms = sqrt(r.rms / n) / 1e3;
	r.rate = sqrt(r.rate / n);
	r.mean_rate = sqrt(r.mean_rate / n);
	r.sent /= n;
	r.within[0] /= n;
	r.within[1] /= n;
	return r;
}

/* Anything between the worlds of the table, and beyond. */
static struct world_options random_world(struct random *r)
{
	return (struct world_options){
		.name = "a random world",
		.least = random_between(r, 10 * NS_PER_US, 50 * NS_PER_MS),
		.jitter = random_of_any_size(r, 20 * NS_PER_MS),
		.wander = (double)random_of_any_size(r, 20),
		.swing_ppb = (double)random_of_any_size(r, 5000),
		.swing_period = 2 * HOUR,
		.loss_percent = (int)random_between(r, 0, 30),
		.busy_out = random_of_any_size(r, 50 * NS_PER_MS),
		.busy_back = random_of_any_size(r, 50 * NS_PER_MS),
		.longer_out = random_of_any_size(r, 20 * NS_PER_MS),
		.longer = { 20 * MINUTE, random_between(r, 21, 120) * MINUTE },
		.outage = { 40 * MINUTE, random_between(r, 41, 50) * MINUTE },
		.servers = (size_t)random_between(r, 1, WORLD_SERVERS),
	};
}

static struct discipline_limits random_limits(struct random *r)
{
	struct discipline_limits limits = discipline_default_limits;

	limits.mono_is_tuned = true;
	limits.min_poll = (NS_PER_SEC / 4) << random_between(r, 0, 8);
	limits.max_poll = limits.min_poll << random_between(r, 0, 4);
	return limits;
}

size_t judge_bounds(uint64_t seed, size_t polls)
{
	struct random random = random_from(seed);
	size_t made = 0, broken = 0;
	struct world *w = new_world();

	while (made < polls) {
		const struct world_options options = random_world(&random);
		const struct discipline_limits limits = random_limits(&random);

		tracking_begin(w, &options, &limits, random_next(&random));
		tracking_run(w, limits.min_poll < NS_PER_SEC ? HOUR : 3 * HOUR);
		made += w->polls;
		broken += w->broken;
	}
	free(w);
	return broken;
}
