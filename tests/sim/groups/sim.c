/* SPDX-License-Identifier: BSD-3-Clause */
/* A run. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>

#include "tests/sim/groups/world.h"

int64_t world_random(struct world *w, int64_t low, int64_t high)
{
	return random_between(&w->random, low, high);
}

bool world_chance(struct world *w, int permille)
{
	return world_random(w, 0, 999) < permille;
}

void world_trace(struct world *w, const char *format, ...)
{
	FILE *to = w->options.trace;
	va_list args;

	if (!to) {
		return;
	}
	fprintf(to, "%10.6f ", (double)w->now / 1e9);
	va_start(args, format);
	vfprintf(to, format, args);
	va_end(args);
	putc('\n', to);
}

/* --- the beginning --- */

static void init_network(struct world *w)
{
	w->delay_least = random_of_any_size(&w->random, 5 * NS_PER_MS);
	w->delay_most = w->delay_least + random_of_any_size(&w->random, 10 * NS_PER_MS);
	w->duplicate_permille = (int)world_random(w, 0, 100);
	if (w->options.kill_leader) {
		w->loss_permille = (int)world_random(w, 0, 50);
	} else {
		w->loss_permille = (int)world_random(w, 0, 1) * (int)world_random(w, 0, 300);
		w->straggler_permille = (int)random_of_any_size(&w->random, 100);
		w->replay_permille = (int)world_random(w, 0, 1) * (int)world_random(w, 0, 500);
		w->replays_polls = world_chance(w, 300);
	}
	/*
	 * A measurement is off by half of a round trip at most, so two clocks that were just
	 * corrected are within two one-way delays of each other; one that was missed lags behind by
	 * the same again. In two cycles they drift apart by less than 1 ms.
	 */
	w->agreement = 4 * w->delay_most + NS_PER_MS;
}

static void init_node(struct world *w, int i)
{
	struct node *n = &w->nodes[i];

	n->index = i;
	/* The order of the ids is not that of the indices. */
	n->id = (member_id)(i * 7 % 10 + 1);
	n->mono_base = world_random(w, 0, 1000 * NS_PER_SEC);
	n->mono_ppb = world_random(w, -200000, 200000);
	n->clock_base = 1000000000 * NS_PER_SEC + world_random(w, -5 * NS_PER_SEC, 5 * NS_PER_SEC);
	n->clock_ppb = world_random(w, -100000, 100000);
}

/* All start with the same list, but some who are to be added to it. */
static void init_electorate(struct world *w)
{
	bool some = !w->options.kill_leader && world_chance(w, 500);
	int listed = some ? (int)world_random(w, 1, w->n) : w->n;
	member_id ids[NODES];

	for (int i = 0; i < listed; i++) {
		ids[i] = w->nodes[i].id;
	}
	for (int i = 0; i < w->n; i++) {
		electorate_make(&w->nodes[i].disk.electorate, 0, 0, ids,
				i < listed ? (size_t)listed : 0);
	}
}

static void init(struct world *w, struct sim_result *out, const struct sim_options *options)
{
	enum { N_SIZES = 11 };
	static const int sizes[N_SIZES] = { 1, 2, 2, 3, 3, 3, 4, 5, 5, 7, 9 };
	static const dur_ns caps[] = { 0, NS_PER_SEC, 3 * NS_PER_SEC };

	*out = (struct sim_result){ .breach = SIM_FINE };
	w->options = *options;
	w->result = out;
	w->random = random_from(options->seed);
	events_init(&w->events);
	/* No other can lead when the leader of 1 or 2 is killed. */
	w->n = sizes[world_random(w, options->kill_leader ? 3 : 0, N_SIZES - 1)];
	w->cap = caps[world_random(w, 0, 2)];
	init_network(w);
	for (int i = 0; i < w->n; i++) {
		init_node(w, i);
	}
	if (w->cap == 0 && w->n > 2) {
		w->nodes[0].clock_base += 3600 * NS_PER_SEC;
	}
	init_electorate(w);
	world_trace(w,
		    "%d nodes, cap %" PRId64 " ns, delays %" PRId64 " to %" PRId64
		    " ns, loss %d, duplicates %d, stragglers %d, replays %d permille",
		    w->n, w->cap, w->delay_least, w->delay_most, w->loss_permille,
		    w->duplicate_permille, w->straggler_permille, w->replay_permille);
	for (int i = 0; i < w->n; i++) {
		node_start(w, &w->nodes[i]);
	}
	if (options->kill_leader) {
		events_add(w, KILL, EVENT_FAULT, 0);
	} else {
		faults_next(w);
	}
}

/* --- the run --- */

/* Whether the event is over; else it waits until its node is thawed. */
static bool happens_now(struct world *w, struct event *e)
{
	struct node *n = &w->nodes[e->node];

	if (!n->up || !n->frozen || e->kind == EVENT_FAULT || e->kind == EVENT_RESTART) {
		return true;
	}
	if (w->now >= n->thaw_at) {
		n->frozen = false;
		return true;
	}
	events_put_off(w, e, n->thaw_at);
	return false;
}

static void happen(struct world *w, struct event *e)
{
	struct node *n = &w->nodes[e->node];

	switch (e->kind) {
	case EVENT_FAULT:
		if (w->options.kill_leader) {
			faults_kill_leader(w);
		} else {
			faults_inject(w);
		}
		return;
	case EVENT_RESTART:
		node_start(w, n);
		return;
	case EVENT_PACKET:
		if (n->up) {
			node_receive(w, n, &e->packet);
		}
		break;
	case EVENT_WAKE:
		if (n->up && e->alarm == n->alarm) {
			node_wake(w, n);
		}
		break;
	}
	if (n->up && (e->kind == EVENT_PACKET || e->alarm == n->alarm)) {
		node_set_alarm(w, n);
	}
}

static void run(struct world *w)
{
	struct event *e;

	while (w->result->breach == SIM_FINE && (e = events_take(w)) && w->now < END) {
		if (!happens_now(w, e)) {
			continue;
		}
		if (!w->calm && w->now >= TURMOIL) {
			faults_cease(w);
		}
		w->result->events++;
		happen(w, e);
		events_free(w, e);
		check_always(w);
		faults_at_worst(w);
		if (w->killed_at) {
			check_succession(w);
		} else if (w->now >= SETTLED) {
			check_settled(w);
		}
	}
}

void sim_run(struct sim_result *out, const struct sim_options *options)
{
	struct world *w = calloc(1, sizeof(*w));

	if (!w) {
		*out = (struct sim_result){ .breach = SIM_BROKEN, .what = "no memory" };
		return;
	}
	init(w, out, options);
	run(w);
	free(w);
}
