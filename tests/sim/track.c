/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/track.h"

#include <math.h>
#include <string.h>

#include "core/arith.h"
#include "core/estimate.h"

#define EPOCH   (INT64_C(1704067200) * NS_PER_SEC) /* 2024-01-01T00:00:00Z */
#define ROUNDS  5
#define TIMEOUT NS_PER_SEC
#define TICK    (NS_PER_SEC / 4)

/* Normal enough, of standard deviation 1: the sum of twelve even ones. */
static double normal(struct random *r)
{
	double sum = -6;

	for (int i = 0; i < 12; i++) {
		sum += (double)random_between(r, 0, 1000000) / 1e6;
	}
	return sum;
}

/* --- the clock -------------------------------------------------------------------------------- */

static ts_ns local_time(const struct track *t)
{
	return t->truth + (dur_ns)t->ahead;
}

static struct mono mono(const struct track *t)
{
	return (struct mono){ .ns = NS_PER_SEC + track_age(t) + (dur_ns)t->mono };
}

static void tick(struct track *t, dur_ns d)
{
	const double seconds = (double)d / (double)NS_PER_SEC;
	const double frequency = (double)t->frequency_ppb;
	double gained = t->rate_ppb + frequency;

	if (t->world.system) {
		gained += frequency * t->rate_ppb / 1e9;
		t->mono += gained * seconds;
	}
	t->truth += d;
	t->ahead += gained * seconds;
	if (t->world.wander_ppb > 0) {
		t->rate_ppb += t->world.wander_ppb * sqrt(seconds) * normal(&t->random);
	}
}

static void settle(struct track *t)
{
	t->slewing = false;
	t->frequency_ppb = discipline_settle(&t->discipline, mono(t));
}

void track_wait(struct track *t, dur_ns d)
{
	while (d > 0) {
		const dur_ns to_end = t->slewing ? mono_since(t->slew_end, mono(t)) : TICK;
		dur_ns next = d < TICK ? d : TICK;

		if (to_end <= 0) {
			settle(t);
			continue;
		}
		next = to_end < next ? to_end : next;
		tick(t, next);
		d -= next;
	}
}

dur_ns track_offset(const struct track *t)
{
	return (dur_ns)-t->ahead;
}

double track_rate_ppb(const struct track *t)
{
	return -t->rate_ppb / (t->world.system ? 1 + t->rate_ppb / 1e9 : 1);
}

struct mono track_mono(const struct track *t)
{
	return mono(t);
}

dur_ns track_age(const struct track *t)
{
	return t->truth - EPOCH;
}

/* --- the path --------------------------------------------------------------------------------- */

static void travel(struct track *t, dur_ns least)
{
	track_wait(t, least + random_between(&t->random, 0, t->world.jitter));
}

static bool exchange(struct track *t, struct sample *s)
{
	if (t->gone || random_between(&t->random, 0, 99) < t->world.loss_percent) {
		track_wait(t, TIMEOUT);
		return false;
	}
	s->kind = SAMPLE_TIMESTAMPS;
	s->t1 = local_time(t);
	travel(t, t->world.there);
	s->t2 = (t->world.follows ? local_time(t) - t->world.ahead : t->truth) + t->lie;
	s->t3 = s->t2;
	travel(t, t->world.back);
	s->t4 = local_time(t);
	return true;
}

/* Five rounds; ten are tried, and three are enough. */
static bool measure(struct track *t, struct model_measurement *out)
{
	const double rate = fabs(t->rate_ppb + (double)t->frequency_ppb) * 1.1;
	const int64_t known = t->polls > 0 ? discipline_drift(&t->discipline) : INT64_MAX;
	const struct estimate_options options = {
		.max_drift_ppb = arith_min(1000000 + (int64_t)rate, known),
	};
	struct sample samples[ROUNDS];
	struct estimate e;
	size_t n = 0;

	for (int i = 0; i < 2 * ROUNDS && n < ROUNDS; i++) {
		n += exchange(t, &samples[n]);
	}
	if (n < 3 || estimate_make(&e, ESTIMATE_NTP, samples, n, &options)) {
		return false;
	}
	*out = (struct model_measurement){ e.offset, e.max_error, 0 };
	delays_add(&t->delays, 2 * e.max_error);
	out->chance = delays_error(&t->delays);
	return true;
}

/* --- the program ------------------------------------------------------------------------------ */

static void act(struct track *t, const struct discipline_decision *d)
{
	if (d->action == DISCIPLINE_STEP) {
		t->ahead += (double)d->correction;
	}
	if (d->set_frequency) {
		t->frequency_ppb = d->frequency_ppb + d->slew_ppb;
	}
	if (d->action == DISCIPLINE_SLEW) {
		const dur_ns late = random_between(&t->random, 0, t->world.late);

		t->slewing = true;
		t->slew_end = mono_add(mono(t), d->slew_for + late);
	}
	t->steps += d->action == DISCIPLINE_STEP;
	t->slews += d->action == DISCIPLINE_SLEW;
	t->refusals += d->action == DISCIPLINE_REFUSE;
	t->contradictions += d->event == DISCIPLINE_CONTRADICTION;
	t->restarts += d->event == DISCIPLINE_RESTART;
	t->rates += d->event == DISCIPLINE_RATE;
	t->saves += d->save_rate;
}

void track_poll(struct track *t)
{
	struct discipline_poll poll = { .answered = false };

	if (t->slewing) {
		settle(t);
	}
	poll.answered = measure(t, &poll.measurement);
	poll.now = mono(t);
	discipline_poll(&t->discipline, &poll, &t->decision);
	act(t, &t->decision);
	t->polls++;
	t->answered += poll.answered;
}

void track_begin(struct track *t, const struct track_world *world,
		 const struct discipline_limits *limits, uint64_t seed)
{
	memset(t, 0, sizeof(*t));
	t->world = *world;
	t->random = random_from(seed);
	t->truth = EPOCH;
	t->ahead = (double)world->ahead;
	t->rate_ppb = (double)world->drift_ppb;
	struct discipline_limits own = *limits;
	own.mono_is_tuned = world->system;
	discipline_init(&t->discipline, &own, t->frequency_ppb, mono(t));
}

struct discipline_status track_status(const struct track *t)
{
	struct discipline_status s;

	discipline_status(&t->discipline, mono(t), &s);
	return s;
}
