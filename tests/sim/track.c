#include "tests/sim/track.h"

#include <math.h>
#include <string.h>

#include "core/estimate.h"

#define EPOCH   (INT64_C(1704067200) * NS_PER_SEC) /* 2024-01-01T00:00:00Z */
#define ROUNDS  5
#define TIMEOUT NS_PER_SEC
#define TICK    (NS_PER_SEC / 4)

/* As the kernel does them: at 500 ppm, in whole microseconds. */
#define SLEW_PPB  500000.0
#define SLEW_UNIT NS_PER_US

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

/* The monotonic clock of the same machine: of the same oscillator, and not corrected. */
static struct mono mono(const struct track *t)
{
	return (struct mono){ .ns = NS_PER_SEC + track_age(t) + (dur_ns)t->untouched };
}

static dur_ns slew_left(const struct track *t)
{
	return (dur_ns)t->slew_left / SLEW_UNIT * SLEW_UNIT;
}

/* As much of the slew as can be done in that time. */
static double slew_evenly(struct track *t, double seconds)
{
	double most = SLEW_PPB * seconds;
	double slewed = fmax(-most, fmin(most, t->slew_left));

	t->slew_left -= slewed;
	return slewed;
}

static void begin_second(struct track *t)
{
	t->share = fmax(-SLEW_PPB, fmin(SLEW_PPB, t->slew_left));
	t->slew_left -= t->share;
}

static void tick(struct track *t, dur_ns d)
{
	int64_t second = local_time(t) / NS_PER_SEC;
	double seconds = (double)d / (double)NS_PER_SEC;
	double slewed = t->world.by_the_second ? t->share * seconds : slew_evenly(t, seconds);

	t->truth += d;
	t->untouched += t->rate_ppb * seconds;
	t->ahead += (t->rate_ppb + (double)t->frequency_ppb) * seconds + slewed;
	if (t->world.by_the_second && local_time(t) / NS_PER_SEC != second) {
		begin_second(t);
	}
	if (t->world.wander_ppb > 0) {
		t->rate_ppb += t->world.wander_ppb * sqrt(seconds) * normal(&t->random);
	}
}

void track_wait(struct track *t, dur_ns d)
{
	while (d > 0) {
		dur_ns to_second = NS_PER_SEC - local_time(t) % NS_PER_SEC;
		dur_ns next = d < TICK ? d : TICK;

		if (t->world.by_the_second && to_second < next) {
			next = to_second;
		}
		tick(t, next);
		d -= next;
	}
}

dur_ns track_offset(const struct track *t)
{
	return (dur_ns)-t->ahead;
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
	s->t2 = t->truth + t->lie;
	s->t3 = s->t2;
	travel(t, t->world.back);
	s->t4 = local_time(t);
	return true;
}

/* Five rounds, of which ten are tried and three are enough. */
static bool measure(struct track *t, struct model_measurement *out)
{
	const struct estimate_options options = { .max_drift_ppb = 1000000 };
	struct sample samples[ROUNDS];
	struct estimate e;
	size_t n = 0;

	for (int i = 0; i < 2 * ROUNDS && n < ROUNDS; i++) {
		n += exchange(t, &samples[n]);
	}
	if (n < 3 || estimate_make(&e, ESTIMATE_NTP, samples, n, &options)) {
		return false;
	}
	*out = (struct model_measurement){ e.offset, e.max_error, e.delay };
	return true;
}

/* --- the program ------------------------------------------------------------------------------ */

static void act(struct track *t, const struct discipline_decision *d)
{
	if (d->action == DISCIPLINE_STEP) {
		t->ahead += (double)d->correction;
		t->slew_left = 0;
		t->share = 0;
	}
	if (d->action == DISCIPLINE_SLEW) {
		t->slew_left = round((double)d->correction / SLEW_UNIT) * SLEW_UNIT;
	}
	if (d->set_frequency) {
		t->frequency_ppb = d->frequency_ppb;
	}
	t->steps += d->action == DISCIPLINE_STEP;
	t->slews += d->action == DISCIPLINE_SLEW;
	t->refusals += d->action == DISCIPLINE_REFUSE;
	t->contradictions += d->event == DISCIPLINE_CONTRADICTION;
	t->restarts += d->event == DISCIPLINE_RESTART;
	t->saves += d->save_rate;
}

void track_poll(struct track *t)
{
	struct discipline_poll poll = { .answered = false };

	poll.answered = measure(t, &poll.measurement);
	poll.now = mono(t);
	poll.slew_left = slew_left(t);
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
	discipline_init(&t->discipline, limits, t->frequency_ppb, mono(t));
}

struct discipline_status track_status(const struct track *t)
{
	struct discipline_status s;

	discipline_status(&t->discipline, mono(t), slew_left(t), &s);
	return s;
}
