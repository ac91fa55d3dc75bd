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

struct node *world_node_at(struct world *w, const struct member_address *at)
{
	const member_id id = member_id_of(at);

	for (int i = 0; i < w->n; i++) {
		if (w->nodes[i].id == id) {
			return &w->nodes[i];
		}
	}
	return NULL;
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
		w->full_permille = (int)world_random(w, 0, 1) * (int)world_random(w, 0, 100);
		w->replays_polls = world_chance(w, 300);
		w->forges = world_chance(w, 300);
	}
	/*
	 * A measurement is off by half of a round trip at most, so two clocks that were just
	 * corrected are within two one-way delays of each other; one that was missed lags behind by
	 * the same again. In two cycles they drift apart by less than 1 ms, and a slew of up to 2
	 * ms may be under way. A forged measurement is off by a round trip.
	 */
	w->agreement = (w->forges ? 8 : 4) * w->delay_most + 3 * NS_PER_MS;
}

void world_add_node(struct world *w, int i)
{
	/* The order of the ids is not that of the indices. */
	const unsigned place = (unsigned)(i * (w->n > 10 ? 617 : 7) % (w->n > 10 ? 1009 : 10) + 1);
	const uint8_t octets[4] = { 10, 0, (uint8_t)(place >> 8), (uint8_t)place };
	struct node *n = &w->nodes[i];

	n->index = i;
	n->at = (struct member_address){ .host = host_of_v4(octets), .is_v4 = true, .port = 1 };
	n->id = member_id_of(&n->at);
	n->members = calloc((size_t)w->n, sizeof(*n->members));
	n->pending_max = PENDING_A_NODE * ((size_t)w->n + 8);
	n->pending = calloc(n->pending_max, sizeof(*n->pending));
	if (!n->members || !n->pending) {
		abort();
	}
}

static void init_node(struct world *w, int i)
{
	/* By more than the cap nobody would correct it. */
	const dur_ns off = w->cap > 0 ? w->cap / 2 : 5 * NS_PER_SEC;
	struct node *n = &w->nodes[i];

	world_add_node(w, i);
	n->mono_base = world_random(w, 0, 1000 * NS_PER_SEC);
	n->mono_ppb = world_random(w, -200000, 200000);
	n->clock_base = 1000000000 * NS_PER_SEC + world_random(w, -off, off);
	n->clock_ppb = (double)world_random(w, -100000, 100000);
	n->ends_slews = node_ends_slews(w, i);
}

/* All start with the same list, except those that are to be added to it, or find the group. */
static void init_voters(struct world *w)
{
	const bool some = !w->options.kill_leader && !w->options.forgetful && world_chance(w, 500);

	w->n_named = (size_t)(some ? world_random(w, 1, w->n) : w->n);
	for (int i = 0; i < w->n; i++) {
		w->nodes[i].listed = i < (int)w->n_named;
		w->named[i] = w->nodes[i].at;
	}
}

void world_allocate(struct world *w)
{
	const size_t n = (size_t)w->n;

	w->nodes = calloc(n, sizeof(*w->nodes));
	w->named = calloc(n, sizeof(*w->named));
	w->cut = calloc(n * n, sizeof(*w->cut));
	events_init(&w->events);
	if (!w->nodes || !w->named || !w->cut || !w->events.heap) {
		abort();
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
	/* No other can lead when the leader of 1 or 2 is killed. */
	w->n = sizes[world_random(w, options->kill_leader ? 3 : 0, N_SIZES - 1)];
	w->n = options->nodes > 0 ? options->nodes : w->n;
	w->settled_at = TURMOIL + SETTLING;
	w->cut_off = -1;
	w->lease = LEASE;
	w->cycle = CYCLE;
	w->tolerance = TOLERANCE;
	w->max_error = MAX_ERROR;
	w->cap = caps[world_random(w, 0, 2)];
	world_allocate(w);
	init_network(w);
	for (int i = 0; i < w->n; i++) {
		init_node(w, i);
	}
	if (w->cap == 0 && w->n > 2) {
		w->nodes[0].clock_base += 3600 * NS_PER_SEC;
	}
	init_voters(w);
	references_choose(w);
	world_trace(w,
		    "%d nodes, cap %" PRId64 " ns, delays %" PRId64 " to %" PRId64
		    " ns, loss %d, duplicates %d, stragglers %d, replays %d permille%s",
		    w->n, w->cap, w->delay_least, w->delay_most, w->loss_permille,
		    w->duplicate_permille, w->straggler_permille, w->replay_permille,
		    w->forges ? ", measurements are forged" : "");
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

/* Whether the event is one of a node that is frozen: it happens when that is thawed. */
static bool is_put_off(struct world *w, const struct event *e)
{
	struct node *n;
	struct event *later;

	if (e->kind == EVENT_FAULT || e->kind == EVENT_RESTART || e->kind == EVENT_ADMIN ||
	    e->kind == EVENT_REFERENCE || e->node == ADMIN) {
		return false;
	}
	n = &w->nodes[e->node];
	if (!n->up || !n->frozen) {
		return false;
	}
	if (w->now >= n->thaw_at) {
		n->frozen = false;
		return false;
	}
	later = events_add(w, n->thaw_at, e->kind, e->node);
	later->number = e->number;
	later->packet = e->packet;
	return true;
}

static void receive(struct world *w, const struct event *e)
{
	if (e->node == ADMIN) {
		admin_receive(w, e->packet);
	} else if (w->nodes[e->node].up) {
		calls_receive(w, &w->nodes[e->node], e->packet);
	}
	free(e->packet);
}

static void found(struct world *w, struct node *n, const struct node *other)
{
	const struct agent_event e = { .kind = AGENT_FOUND, .at = other->at };

	if (n->searching) {
		node_step(w, n, &e);
	}
}

void world_happen(struct world *w, const struct event *e)
{
	struct node *n =
		&w->nodes[e->node == ADMIN ? 0 : e->node]; /* no other than a packet is ADMIN's */

	switch (e->kind) {
	case EVENT_FAULT:
		if (w->options.kill_leader) {
			faults_of_leader(w);
		} else {
			faults_inject(w);
		}
		break;
	case EVENT_RESTART:
		node_start(w, n);
		break;
	case EVENT_PACKET:
		receive(w, e);
		break;
	case EVENT_WAKE:
		if (n->up && e->number == n->alarm) {
			node_wake(w, n);
		}
		break;
	case EVENT_TIMEOUT:
		if (n->up) {
			calls_timeout(w, n, e->number);
		}
		break;
	case EVENT_FOUND:
		if (n->up) {
			found(w, n, &w->nodes[e->number]);
		}
		break;
	case EVENT_ADMIN:
		admin_wake(w, e->node, e->number);
		break;
	case EVENT_REFERENCE:
		references_next(w);
		break;
	case EVENT_LOOK:
		steady_look(w);
		break;
	}
}

static void run(struct world *w)
{
	struct event e;

	while (w->result->breach == SIM_FINE && events_take(w, &e)) {
		if (w->now >= w->settled_at + WATCHED || w->now >= LATEST) {
			free(e.packet);
			break;
		}
		if (is_put_off(w, &e)) {
			continue;
		}
		if (!w->calm && w->now >= TURMOIL) {
			faults_cease(w);
		}
		w->result->events++;
		world_happen(w, &e);
		check_always(w);
		faults_at_worst(w);
		if (w->calm) {
			check_changes(w);
		}
		if (w->killed_at) {
			check_succession(w);
		} else if (w->now >= w->settled_at) {
			check_settled(w);
		}
	}
}

void world_close(struct world *w)
{
	for (size_t i = 0; i < w->n_heard; i++) {
		free(w->heard[i]);
	}
	for (int i = 0; i < w->n; i++) {
		free(w->nodes[i].members);
		free(w->nodes[i].pending);
	}
	events_close(&w->events);
	free(w->nodes);
	free(w->named);
	free(w->cut);
	free(w);
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
	world_close(w);
}
