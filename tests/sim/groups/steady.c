/* SPDX-License-Identifier: BSD-3-Clause */
/* A group that nothing disturbs but what its scenario says, measured against the truth. */
#include "tests/sim/groups/steady.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/arith.h"
#include "core/quantile.h"
#include "tests/sim/groups/world.h"

#define MEMBERS     5
#define LATE_MEMBER 2
#define SICK_MEMBER 0

#define STEADY_LEASE (10 * NS_PER_SEC)
#define AWAY         (20 * NS_PER_SEC) /* a leader that was killed */
#define NEWCOMER_OFF (900 * NS_PER_MS)
#define SICK_PPB     2000000.0

/* So often a cycle the clocks are looked at, and at least that often. */
#define LOOKS_A_CYCLE 8
#define LOOK_AT_LEAST NS_PER_SEC

struct steady {
	struct steady_options options;
	struct steady_result *result;
	struct random quartz; /* apart, so that all see the same weather */
	size_t n, max;
	dur_ns *spreads, *from_utc;
	double wandered[STEADY_REFERENCES]; /* how far the references' clocks are off, ns */
	uint64_t with;                      /* looks at which it was REFERENCE */
	bool followed;
	int64_t look_every, next_move, next_late, late_until, next_kill, next_forgery;
	bool happened; /* the event */
	int sick;      /* -1: nobody */
	/* How far each clock was off, one cycle ago and two. */
	dur_ns before[MEMBERS][2];
	size_t moves;
	dur_ns began_off; /* the mean of all, when measuring began; */
	double rates;     /* the sum of the means of what the quartzes do since then */
};

static double unit(struct random *r)
{
	return ((double)(random_next(r) >> 11) + 0.5) / (double)(UINT64_C(1) << 53);
}

/* Normally distributed around 0, with a standard deviation of 1 (Box & Muller 1958). */
static double normal(struct random *r)
{
	return sqrt(-2 * log(unit(r))) * cos(2 * acos(-1) * unit(r));
}

/* --- the network ------------------------------------------------------------------------------ */

dur_ns steady_delay(struct world *w, const struct packet *p)
{
	const struct steady_options *o = &w->steady->options;
	const double u = unit(&w->random);
	const double more = (double)o->jitter * (o->uniform ? u : -log(u));
	const bool is_late = p->to == LATE_MEMBER && w->now < w->steady->late_until;

	return o->delay + (dur_ns)more + (is_late ? o->late : 0);
}

bool steady_loses(const struct world *w, const struct packet *p)
{
	return !w->steady->options.loses_calls || p->kind == PACKET_CALL ||
	       p->kind == PACKET_MEASURE;
}

/* The answer to this measurement is forged, once in a while. */
bool steady_forges(struct world *w, const struct packet *p, dur_ns *ahead, dur_ns *delay)
{
	struct steady *s = w->steady;

	if (s->options.forged == 0 || w->now < s->next_forgery || p->to == LATE_MEMBER) {
		return false;
	}
	s->next_forgery = w->now + 30 * s->options.cycle + s->options.cycle / 3;
	*ahead = s->options.forged;
	*delay = s->options.forged_early ? NS_PER_US : s->options.delay;
	return true;
}

/* --- what happens ----------------------------------------------------------------------------- */

static void be_late(struct world *w)
{
	struct steady *s = w->steady;

	if (s->options.late > 0 && w->now >= s->next_late) {
		s->late_until = w->now + s->options.late_for;
		s->next_late = w->now + arith_max(10 * s->options.cycle, 100 * NS_PER_SEC) +
			       s->options.cycle * 37 / 100;
	}
}

static void kill_leader(struct world *w)
{
	struct steady *s = w->steady;
	struct node *leader = node_leader(w);

	if (s->options.kill_every > 0 && w->now >= s->next_kill && leader) {
		s->next_kill = w->now + s->options.kill_every;
		node_crash(w, leader, AWAY);
	}
}

static void start_event(struct world *w)
{
	struct steady *s = w->steady;
	const struct node *leader = node_leader(w);

	if (s->happened || s->options.event == STEADY_NOTHING || !leader) {
		return;
	}
	s->happened = true;
	if (s->options.event == STEADY_NEWCOMER) {
		node_set_clock(w, &w->nodes[MEMBERS],
			       node_clock(w, leader) + NEWCOMER_OFF -
				       node_clock(w, &w->nodes[MEMBERS]));
		node_start(w, &w->nodes[MEMBERS]);
		return;
	}
	s->sick = s->options.event == STEADY_SICK ? SICK_MEMBER : leader->index;
	node_turn(w, &w->nodes[s->sick], SICK_PPB);
}

static void wander(struct world *w)
{
	struct steady *s = w->steady;
	const double step = s->options.wander_ppb * sqrt((double)s->look_every / NS_PER_SEC);

	for (int i = 0; i < w->n; i++) {
		node_turn(w, &w->nodes[i], step * normal(&s->quartz));
	}
}

/* --- references --------------------------------------------------------------------------------
 */

/* Which of the nodes they are. */
static int first_reference(const struct world *w)
{
	return w->n - (int)w->steady->options.n_references;
}

static bool is_there(const struct world *w, const struct steady_reference *r)
{
	const struct steady_options *o = &w->steady->options;
	const int64_t measured = w->now - o->warm;

	return (measured < 0 || measured >= o->gone_for) &&
	       (r->period == 0 || measured < 0 || measured % r->period >= r->period / 2);
}

/* What keeps them corrects them by its own measurements, which jitter. */
static void keep_references(struct world *w)
{
	struct steady *s = w->steady;

	for (size_t i = 0; i < s->options.n_references; i++) {
		const struct steady_reference *r = &s->options.references[i];
		struct node *n = &w->nodes[first_reference(w) + (int)i];
		const double off =
			0.98 * s->wandered[i] + (double)r->claim / 100 * normal(&s->quartz);

		s->wandered[i] = off;
		n->clock_base =
			references_utc(w) + (dur_ns)off + (w->now >= s->options.warm ? r->lie : 0);
		n->clock_from = w->now;
		n->is_synchronised = is_there(w, r);
	}
}

static void look_at_utc(struct world *w)
{
	struct steady *s = w->steady;
	const struct claim *told = &w->nodes[0].agent.corrector.claim;
	dur_ns most = 0;

	if (s->options.n_references == 0 || w->now < s->options.warm) {
		return;
	}
	for (int i = 0; i < MEMBERS; i++) {
		const struct node *n = &w->nodes[i];
		const struct claim *claim = &n->agent.corrector.claim;
		const dur_ns off = arith_abs(node_clock(w, n) - references_utc(w));

		most = arith_max(most, off);
		if (claim->known) {
			const dur_ns error = claim_error(claim, node_mono(w, n));

			s->result->claim_most = arith_max(s->result->claim_most, error);
			s->result->untrue += off > error;
		}
	}
	s->result->changes += s->n > 1 && told->by_reference != s->followed;
	s->followed = told->by_reference;
	s->with += told->by_reference;
	if (s->n > 0) {
		s->from_utc[s->n - 1] = most;
	}
	s->result->utc_end = most;
}

/* --- measuring -------------------------------------------------------------------------------- */

static dur_ns off(const struct world *w, int i)
{
	return node_clock(w, &w->nodes[i]) - w->now;
}

static bool counts(const struct world *w, int i)
{
	return i < MEMBERS && i != w->steady->sick;
}

static dur_ns spread_of(const struct world *w)
{
	dur_ns least = INT64_MAX, most = -INT64_MAX;

	for (int i = 0; i < w->n; i++) {
		if (counts(w, i)) {
			least = arith_min(least, off(w, i));
			most = arith_max(most, off(w, i));
		}
	}
	return most - least;
}

static double mean_of(const struct world *w, double of(const struct world *w, int i))
{
	double sum = 0;
	int clocks = 0;

	for (int i = 0; i < w->n; i++) {
		if (counts(w, i)) {
			sum += of(w, i);
			clocks++;
		}
	}
	return sum / clocks;
}

static double rate_of(const struct world *w, int i)
{
	return w->nodes[i].clock_ppb;
}

static double off_of(const struct world *w, int i)
{
	return (double)(off(w, i) - off(w, 0));
}

/* Once a cycle: by how much each clock has left the way it was going. */
static void look_at_moves(struct world *w)
{
	struct steady *s = w->steady;

	if (w->now < s->next_move) {
		return;
	}
	s->next_move += s->options.cycle;
	for (int i = 0; i < MEMBERS; i++) {
		const dur_ns now = off(w, i);
		const dur_ns move = arith_abs(now - 2 * s->before[i][0] + s->before[i][1]);

		if (s->moves >= 2 && counts(w, i) && w->now > s->options.warm) {
			s->result->largest_move = arith_max(s->result->largest_move, move);
		}
		s->before[i][1] = s->before[i][0];
		s->before[i][0] = now;
	}
	s->moves++;
}

static void look_at_spread(struct world *w)
{
	struct steady *s = w->steady;
	const dur_ns spread = spread_of(w);

	if (spread >= NS_PER_MS) {
		s->result->together = -1;
	} else if (s->result->together < 0) {
		s->result->together = w->now;
	}
	if (w->now < s->options.warm) {
		for (int i = 0; i < w->n; i++) {
			w->nodes[i].steps = 0;
		}
		return;
	}
	if (s->n == 0) {
		s->began_off = off(w, 0) + (dur_ns)mean_of(w, off_of);
	}
	if (s->n < s->max) {
		s->spreads[s->n++] = spread;
		s->rates += mean_of(w, rate_of);
	}
}

void steady_look(struct world *w)
{
	struct steady *s = w->steady;

	look_at_moves(w);
	look_at_spread(w);
	look_at_utc(w);
	keep_references(w);
	if (w->now >= s->options.warm) {
		be_late(w);
		kill_leader(w);
		start_event(w);
	}
	wander(w);
	events_add(w, w->now + s->look_every, EVENT_LOOK, 0);
}

/* --- a run ------------------------------------------------------------------------------------ */

static void init_reference(struct world *w, size_t i)
{
	struct node *n = &w->nodes[first_reference(w) + (int)i];

	references_make(w, n, 0, w->steady->options.references[i].claim);
	n->mono_ppb = 0;
}

static void init_node(struct world *w, int i)
{
	static const double ppb[] = { -50000, -20000, 0, 25000, 50000, 30000, 0, 0, 0 };
	const struct steady_options *o = &w->steady->options;
	struct node *n = &w->nodes[i];

	world_add_node(w, i);
	n->listed = true;
	w->named[i] = n->at;
	n->mono_base = 1000 * NS_PER_SEC;
	n->mono_ppb = (int64_t)ppb[i];
	n->clock_ppb = ppb[i];
	n->ends_slews = node_ends_slews(w, i);
	n->clock_base = 1000000000 * NS_PER_SEC +
			(dur_ns)((2 * unit(&w->steady->quartz) - 1) * (double)o->apart);
}

static void init(struct world *w, struct steady *s, struct sim_result *result)
{
	const struct steady_options *o = &s->options;

	w->options =
		(struct sim_options){ .seed = o->seed, .without = o->without, .trace = o->trace };
	w->result = result;
	w->random = random_from(o->seed);
	w->steady = s;
	w->n = MEMBERS + (o->event == STEADY_NEWCOMER) + (int)o->n_references;
	w->n_named = (size_t)w->n;
	w->lease = STEADY_LEASE;
	w->cycle = o->cycle;
	w->tolerance = NS_PER_SEC;
	w->max_error = 20 * NS_PER_MS;
	w->loss_permille = o->loss_permille;
	w->delay_least = o->delay;
	w->delay_most = o->delay + o->jitter;
	w->settled_at = INT64_MAX;
	w->lies = true; /* it is looked at here */
	w->reference_step = o->reference_step;
	world_allocate(w);
	for (int i = 0; i < w->n; i++) {
		init_node(w, i);
	}
	for (size_t i = 0; i < o->n_references; i++) {
		init_reference(w, i);
	}
	for (int i = 0; i < w->n; i++) {
		if (i != MEMBERS || o->event != STEADY_NEWCOMER) {
			node_start(w, &w->nodes[i]);
		}
	}
	events_add(w, 0, EVENT_LOOK, 0);
}

static void init_steady(struct steady *s, struct steady_result *out,
			const struct steady_options *options)
{
	*out = (struct steady_result){ .together = -1 };
	*s = (struct steady){ .options = *options, .result = out, .sick = -1 };
	s->quartz = random_from(~options->seed);
	s->look_every = arith_min(options->cycle / LOOKS_A_CYCLE, LOOK_AT_LEAST);
	s->max = (size_t)(options->watched / s->look_every) + 1;
	s->spreads = calloc(s->max, sizeof(*s->spreads));
	s->from_utc = calloc(s->max, sizeof(*s->from_utc));
	s->next_late = options->warm + 20 * NS_PER_SEC;
	s->next_kill = options->warm;
	s->next_forgery = options->warm;
	if (!s->spreads || !s->from_utc) {
		abort();
	}
}

static void conclude(struct world *w)
{
	struct steady *s = w->steady;
	struct steady_result *r = s->result;
	const double seconds = (double)(w->now - s->options.warm) / NS_PER_SEC;
	const dur_ns ends_off = off(w, 0) + (dur_ns)mean_of(w, off_of);

	r->breach = w->result->breach;
	memcpy(r->what, w->result->what, sizeof(r->what));
	if (s->n == 0) {
		return;
	}
	quantile_sort(s->spreads, s->n);
	r->p50 = quantile_of(s->spreads, s->n, 50);
	r->p95 = quantile_of(s->spreads, s->n, 95);
	r->max = s->spreads[s->n - 1];
	quantile_sort(s->from_utc, s->n);
	r->utc_p95 = quantile_of(s->from_utc, s->n, 95);
	r->utc_max = s->from_utc[s->n - 1];
	r->permille = (int)(s->with * 1000 / s->n);
	r->mean_rate_ppb = (double)(ends_off - s->began_off) / seconds;
	r->own_rate_ppb = s->rates / (double)s->n;
	for (int i = 0; i < w->n; i++) {
		r->steps += counts(w, i) ? w->nodes[i].steps : 0;
	}
}

void steady_run(struct steady_result *out, const struct steady_options *options)
{
	struct sim_result result = { .breach = SIM_FINE };
	struct world *w = calloc(1, sizeof(*w));
	struct steady s;
	struct event e;

	if (!w) {
		abort();
	}
	init_steady(&s, out, options);
	init(w, &s, &result);
	while (result.breach == SIM_FINE && w->now < options->warm + options->watched &&
	       events_take(w, &e)) {
		world_happen(w, &e);
		check_always(w);
	}
	conclude(w);
	world_close(w);
	free(s.spreads);
	free(s.from_utc);
}
