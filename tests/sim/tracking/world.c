/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/sim/tracking/world.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/arith.h"
#include "core/drift.h"

#define EPOCH   (INT64_C(1704067200) * NS_PER_SEC) /* 2024-01-01T00:00:00Z */
#define TIMEOUT 1e9                                /* ns, of a round */
#define ROUNDS  8                                  /* of a thorough poll; else it is one */
#define ASKED   (90 * 1e9)                         /* how often GET_TIME is called */
#define MINUTE  60e9
#define PI      3.14159265358979323846

/* --- chance ----------------------------------------------------------------------------------- */

/* In (0, 1]. */
static double even(struct random *r)
{
	return (double)((random_next(r) >> 11) + 1) * 0x1p-53;
}

static double exponential(struct random *r, double mean)
{
	return mean > 0 ? -mean * log(even(r)) : 0;
}

/* Of standard deviation 1 (Box & Muller 1958). */
static double normal(struct random *r)
{
	const double radius = sqrt(-2 * log(even(r)));

	return radius * cos(2 * PI * even(r));
}

/* --- the clock -------------------------------------------------------------------------------- */

static struct world *world_of(struct clock *c)
{
	return (struct world *)c;
}

static double crystal_ppb(const struct world *w, double at)
{
	const struct world_options *o = &w->options;
	const double swing =
		o->swing_period > 0 ? o->swing_ppb * sin(2 * PI * at / (double)o->swing_period) : 0;

	return w->rate_ppb + swing;
}

/* How much faster than the truth the clock runs, as its frequency is set; ppb. */
static double speed_ppb(const struct world *w, double at)
{
	const double crystal = crystal_ppb(w, at);
	const double frequency = (double)w->frequency_ppb;

	return crystal + frequency + crystal * frequency / 1e9;
}

/* What the clock will show, or has shown, at an instant near the present one. */
static ts_ns shown_at(const struct world *w, double truth)
{
	const double passed = truth - w->truth;
	const double ahead = w->ahead + passed * speed_ppb(w, w->truth) / 1e9;

	return EPOCH + (ts_ns)(truth + ahead);
}

static ts_ns op_now(struct clock *c)
{
	return shown_at(world_of(c), world_of(c)->truth);
}

static struct mono op_mono(struct clock *c)
{
	const struct world *w = world_of(c);

	return (struct mono){ .ns = NS_PER_SEC + (int64_t)(w->truth + w->mono) };
}

static int op_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	(void)since;
	world_of(c)->ahead += (double)add;
	return 0;
}

static int op_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	(void)c;
	(void)since;
	return add == 0 ? 0 : -EINVAL; /* track slews by frequency */
}

static int op_slew_left(struct clock *c, dur_ns *left)
{
	(void)c;
	*left = 0;
	return 0;
}

static int op_set_frequency(struct clock *c, int64_t ppb, const struct clock_slew *slew,
			    struct clock_mark *since)
{
	(void)since;
	world_of(c)->frequency_ppb = ppb + slew->ppb;
	return 0;
}

static int op_frequency(struct clock *c, int64_t *ppb)
{
	*ppb = world_of(c)->frequency_ppb;
	return 0;
}

static int64_t op_max_frequency(struct clock *c)
{
	(void)c;
	return DRIFT_CORRECTABLE_PPB;
}

static int op_quality(struct clock *c, struct clock_quality *out)
{
	(void)c;
	*out = (struct clock_quality){ .synchronised = false };
	return 0;
}

static const struct clock_ops ops = {
	.now = op_now,
	.mono = op_mono,
	.step = op_step,
	.slew = op_slew,
	.slew_left = op_slew_left,
	.set_frequency = op_set_frequency,
	.frequency = op_frequency,
	.max_frequency = op_max_frequency,
	.quality = op_quality,
};

/* --- the course of time ----------------------------------------------------------------------- */

static void note_level(struct world *w, size_t i, double level)
{
	const double now = w->truth / 1e9;

	if (fabs(w->ahead) > level) {
		w->last_above[i] = now;
	} else if (w->first_below[i] < 0 && now - w->last_above[i] >= 60) {
		w->first_below[i] = w->last_above[i];
	}
}

/* Look at the clock, at the end of each second. */
static void look(struct world *w)
{
	struct world_error *e = &w->error;
	const double rate = speed_ppb(w, w->truth);

	e->squares += w->ahead * w->ahead;
	e->worst = fmax(e->worst, fabs(w->ahead));
	e->rate_squares += rate * rate;
	e->seconds++;
	if (w->since++ % 64 == 0) {
		const double mean = (w->ahead - w->mean_from) / 64;

		e->mean_squares += w->since > 1 ? mean * mean : 0;
		e->means += w->since > 1;
		w->mean_from = w->ahead;
	}
	note_level(w, 0, 1e6);
	note_level(w, 1, 1e5);
}

/* Let time pass, which may not lead beyond the end of a second. */
static void pass(struct world *w, double d)
{
	const double gained = d * speed_ppb(w, w->truth + d / 2) / 1e9;

	w->truth += d;
	w->ahead += gained;
	w->mono += gained;
}

static void advance(struct world *w, double until)
{
	while (w->truth < until) {
		const double second = (floor(w->truth / 1e9) + 1) * 1e9;

		if (until < second) {
			pass(w, until - w->truth);
			w->truth = until;
			return;
		}
		pass(w, second - w->truth);
		w->truth = second;
		w->rate_ppb += w->options.wander * normal(&w->crystal);
		look(w);
	}
}

/* Wait for so long, by the monotonic clock; a wait ends a little late. */
static void rest(struct world *w, dur_ns d)
{
	const double real = (double)d / (1 + speed_ppb(w, w->truth) / 1e9);

	advance(w, w->truth + real + exponential(&w->random, 50e3));
}

/* --- measurements ----------------------------------------------------------------------------- */

static bool is_in(const struct world_period *p, double at)
{
	return at >= (double)p->from && at < (double)p->until;
}

/* How long a packet takes that leaves then; infinite if it is lost. */
static double travel(struct world *w, double at, bool out)
{
	const struct world_options *o = &w->options;
	const bool busy = fmod(at, 10 * MINUTE) < MINUTE;
	double takes = (double)o->least + exponential(&w->random, (double)o->jitter);

	if (busy) {
		takes += exponential(&w->random, (double)(out ? o->busy_out : o->busy_back));
	}
	if (out && is_in(&o->longer, at)) {
		takes += (double)o->longer_out;
	}
	if (is_in(&o->outage, at) || random_between(&w->random, 0, 99) < o->loss_percent) {
		return INFINITY;
	}
	return takes;
}

/* One exchange with a server, that begins at *at; *at is when it is over. */
static bool exchange(struct world *w, size_t server, double *at, struct sample *s)
{
	const double there = travel(w, *at, true);
	const double back = travel(w, *at + there, false);
	const double lie = server == 0 ? (double)w->options.lie : 0;

	w->sent++;
	if (!(there + back < TIMEOUT)) {
		*at += TIMEOUT;
		return false;
	}
	s->kind = SAMPLE_TIMESTAMPS;
	s->t1 = shown_at(w, *at);
	s->t2 = s->t3 = EPOCH + (ts_ns)(*at + there + lie);
	*at += there + back;
	s->t4 = shown_at(w, *at);
	return true;
}

/* Measure a server as measure does. Returns when it was over. */
static double measure_server(struct world *w, size_t server)
{
	const int64_t drift = w->polls > 0 ? steering_drift(&w->steering) : INT64_MAX;
	const struct estimate_options options = {
		.max_drift_ppb = arith_min(drift_measured(w->frequency_ppb), drift),
	};
	const bool thorough = w->polls == 0 || w->decision.thorough;
	const size_t wanted = thorough ? ROUNDS : 1;
	struct measure_job *job = &w->jobs[server];
	struct sample samples[ROUNDS], time;
	double at = w->truth;
	size_t n = 0;

	if (w->polls == 0) { /* the greeting */
		(void)exchange(w, server, &at, &samples[0]);
	}
	for (size_t i = 0; i < 2 * wanted && n < wanted; i++) {
		n += exchange(w, server, &at, &samples[n]);
	}
	if (n > 0 && (thorough || at - w->asked[server] > ASKED)) {
		w->asked[server] = exchange(w, server, &at, &time) ? at : w->asked[server];
	}
	memset(job, 0, sizeof(*job));
	job->rc = n >= (thorough ? MEASURE_MIN_VALID : 1)
			  ? estimate_make(&job->measured.estimate, ESTIMATE_MINIMUM, samples, n,
					  &options)
			  : -1;
	job->measured.quality_known = job->rc == 0;
	job->measured.quality = (struct clock_quality){ .synchronised = true };
	return at;
}

static void measure_all_servers(struct world *w)
{
	double last = w->truth;

	for (size_t i = 0; i < w->options.servers; i++) {
		last = fmax(last, measure_server(w, i));
	}
	advance(w, last);
}

/* --- the program ------------------------------------------------------------------------------ */

/* Whether the offset is within its bound, after a step and before a slew. */
static bool holds(const struct world *w)
{
	const struct discipline_status *s = &w->status;

	return s->max_error == INT64_MAX ||
	       fabs(-w->ahead - (double)s->offset) <= (double)s->max_error + 1; /* of rounding */
}

static void poll_once(struct world *w)
{
	struct combination c;

	measure_all_servers(w);
	combine(&c, w->jobs, w->options.servers);
	w->failed |= steering_poll(&w->steering, &c, w->jobs, &w->decision, &w->status) != 0;
	w->failed |= w->decision.action == DISCIPLINE_REFUSE;
	w->polls++;
	if (!holds(w)) {
		fprintf(stderr, "%s at %.0f s: %.0f ns, not %" PRId64 " +/- %" PRId64 "\n",
			w->options.name, w->truth / 1e9, -w->ahead, w->status.offset,
			w->status.max_error);
		w->broken++;
	}
}

void tracking_begin(struct world *w, const struct world_options *options,
		    const struct discipline_limits *limits, uint64_t seed)
{
	memset(w, 0, sizeof(*w));
	w->clock.ops = &ops;
	w->options = *options;
	w->options.servers = options->servers > 0 ? options->servers : 1;
	w->random = random_from(seed);
	w->crystal = random_from(~seed);
	w->ahead = 1e9;
	w->rate_ppb = 100000;
	w->first_below[0] = w->first_below[1] = -1;
	w->failed = steering_begin(&w->steering, &w->clock, limits) != 0;
}

void tracking_run(struct world *w, dur_ns until)
{
	while (w->truth < (double)until && !w->failed) {
		poll_once(w);
		if (w->decision.slew_for > 0) {
			rest(w, w->decision.slew_for);
			w->failed |= steering_settle(&w->steering) != 0;
		}
		if (w->decision.next_poll > w->decision.slew_for) {
			rest(w, w->decision.next_poll - w->decision.slew_for);
		}
	}
}

void tracking_watch(struct world *w)
{
	w->error = (struct world_error){ .seconds = 0 };
	w->since = 0;
}
