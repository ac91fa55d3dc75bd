/* SPDX-License-Identifier: BSD-3-Clause */
/* The faults in the first part of a run. */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/groups/world.h"

static struct node *any_node(struct world *w)
{
	return &w->nodes[world_random(w, 0, w->n - 1)];
}

static void heal(struct world *w)
{
	memset(w->cut, 0, (size_t)(w->n * w->n) * sizeof(*w->cut));
	world_trace(w, "the network is healed");
}

static void part(struct world *w)
{
	const uint64_t side = random_next(&w->random);

	for (int i = 0; i < w->n; i++) {
		for (int j = 0; j < w->n; j++) {
			w->cut[i * w->n + j] = ((side >> i % 64 ^ side >> j % 64) & 1) != 0;
		}
	}
	world_trace(w, "the network is parted: %" PRIx64, side);
}

/* One way only. */
static void cut_some(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		int from = any_node(w)->index;
		int to = any_node(w)->index;
		w->cut[from * w->n + to] = true;
		world_trace(w, "cut from %" PRIx64 " to %" PRIx64, w->nodes[from].id,
			    w->nodes[to].id);
	}
}

static void slow_down(struct world *w)
{
	w->congestion = w->congestion ? 0 : random_of_any_size(&w->random, LEASE / 4);
	world_trace(w, "packets take up to %.6f s longer", (double)w->congestion / 1e9);
}

static void crash(struct world *w)
{
	struct node *n = any_node(w);

	if (!n->up) {
		return;
	}
	if (world_chance(w, 500)) {
		n->fragile = true;
	} else {
		node_crash(w, n, world_random(w, 0, 4 * LEASE));
	}
}

/* Several nodes at once; they restart soon. */
static void cut_power(struct world *w)
{
	uint64_t off = random_next(&w->random);

	for (int i = 0; i < w->n; i++) {
		if (w->nodes[i].up && off >> i % 64 & 1) {
			node_crash(w, &w->nodes[i], random_of_any_size(&w->random, LEASE));
		}
	}
}

static void freeze(struct world *w)
{
	struct node *n = any_node(w);

	if (n->up && !n->frozen) {
		n->frozen = true;
		n->thaw_at = w->now + random_of_any_size(&w->random, 4 * LEASE);
		world_trace(w, "%" PRIx64 " is frozen until %.6f s", n->id,
			    (double)n->thaw_at / 1e9);
	}
}

static void break_disk(struct world *w)
{
	struct node *n = any_node(w);

	n->disk_broken = !n->disk_broken;
}

static void lose_clock(struct world *w)
{
	struct node *n = any_node(w);

	n->clock_lost = !n->clock_lost;
	world_trace(w, "%" PRIx64 " has %s clock", n->id, n->clock_lost ? "no" : "its");
}

/* For a reason of its own, and it comes back. */
static void leave(struct world *w)
{
	const struct agent_event stop = { .kind = AGENT_STOP };
	struct node *n = any_node(w);

	if (n->up && !n->frozen) {
		world_trace(w, "%" PRIx64 " leaves", n->id);
		node_step(w, n, &stop);
	}
}

/* All but the first have to wait, and are refused. */
static void administrate(struct world *w)
{
	for (int i = 0; i < ADMINS; i++) {
		admin_start(w, i);
	}
}

/* By somebody else: the process notices. */
static void set_clock(struct world *w)
{
	struct node *n = any_node(w);

	if (!n->frozen && !n->is_reference) {
		node_set_clock(w, n, world_random(w, -2 * NS_PER_SEC, 2 * NS_PER_SEC));
		world_trace(w, "%" PRIx64 " is set by somebody else", n->id);
	}
}

/* A forger with a key, or where none is needed, sends a term or a list of voters that cannot be. */
static void send_absurdity(struct world *w)
{
	static const enum election_kind kinds[] = { ELECTION_PROBE, ELECTION_VOTE,
						    ELECTION_HEARTBEAT, ELECTION_CLAIM,
						    ELECTION_RESIGN };
	static struct packet p;
	const uint64_t term = UINT64_MAX >> world_random(w, 0, 2);
	const struct node *from = any_node(w), *to = any_node(w);
	struct agent_send *s = &p.call;

	p = (struct packet){ .kind = PACKET_CALL, .from = from->index, .to = to->index };
	p.number = ++w->number;
	s->head = (struct group_head){ .group = "sim", .from = from->id, .to = to->id };
	s->head.term = term;
	if (world_chance(w, 500)) {
		s->proc = GROUP_POLL;
		s->poll.serial = 1;
	} else {
		const struct election *e = &to->agent.election;

		s->proc = GROUP_ELECTION;
		s->election.message = (struct election_message){
			.kind = kinds[world_random(w, 0, 4)],
			.from = from->id,
			.to = to->id,
			.term = world_chance(w, 500) ? term : e->state.term,
			.lease = LEASE,
			.stamp = { term, 0, e->state.voters.stamp.digest },
		};
	}
	world_trace(w, "something absurd is sent to %" PRIx64, to->id);
	network_send(w, &p);
}

static void inject(struct world *w)
{
	static void (*const faults[])(struct world * w) = {
		heal,         heal,         part,         part,         cut_some,
		crash,        cut_power,    freeze,       break_disk,   slow_down,
		slow_down,    leave,        set_clock,    lose_clock,   send_absurdity,
		administrate, administrate, administrate, administrate,
	};
	const int64_t last = (int64_t)(sizeof(faults) / sizeof(faults[0])) - 1;

	w->result->faults++;
	faults[world_random(w, 0, last)](w);
}

/* Faults do most harm while offices change hands. */
void faults_at_worst(struct world *w)
{
	bool changed = false;

	for (int i = 0; i < w->n; i++) {
		struct node *n = &w->nodes[i];
		changed = changed || n->role != n->agent.election.role;
		n->role = n->agent.election.role;
	}
	if (changed && !w->calm && !w->options.kill_leader && world_chance(w, 100)) {
		inject(w);
	}
}

void faults_next(struct world *w)
{
	int64_t at = w->now + world_random(w, 0, NS_PER_SEC);

	if (at < TURMOIL) {
		events_add(w, at, EVENT_FAULT, 0);
	}
}

void faults_inject(struct world *w)
{
	inject(w);
	faults_next(w);
}

/* Any but the leader; or the leader, which is the highest, when it comes back and another leads. */
static void choose_cut_off(struct world *w, struct node *leader)
{
	/* Of four, the leader needs both others all the time: a loss would be another fault. */
	w->loss_permille = 0;
	if (world_chance(w, 500)) {
		w->cut_off = leader->index;
		node_crash(w, leader, CUT_AWAY);
		events_add(w, w->now + CUT_AWAY - 1, EVENT_FAULT, 0);
		return;
	}
	do {
		w->cut_off = any_node(w)->index;
	} while (w->cut_off == leader->index);
	events_add(w, w->now, EVENT_FAULT, 0);
}

/* Both ways, or one. */
static void cut_off(struct world *w, const struct node *leader)
{
	const int64_t ways = world_random(w, 0, 2);

	w->is_cut = true;
	w->elected_before = w->result->leaders;
	w->cut[leader->index * w->n + w->cut_off] = ways != 1;
	w->cut[w->cut_off * w->n + leader->index] = ways != 2;
	world_trace(w, "%" PRIx64 " is cut off from its leader, %" PRIx64 ": %s",
		    w->nodes[w->cut_off].id, leader->id,
		    ways == 0   ? "both ways"
		    : ways == 1 ? "it is not heard"
				: "it does not hear");
	events_add(w, w->now + CUT, EVENT_FAULT, 0);
}

void faults_of_leader(struct world *w)
{
	struct node *leader = node_leader(w);

	if (!leader) {
		check_fail(w, SIM_NO_LEADER, "nobody leads, though nothing went wrong");
	} else if (w->options.cut_leader && w->cut_off < 0) {
		choose_cut_off(w, leader);
	} else if (w->options.cut_leader && !w->is_cut) {
		cut_off(w, leader);
	} else {
		if (w->is_cut) {
			check_cut_off(w);
		}
		w->killed_at = w->now;
		node_crash(w, leader, LATEST);
	}
}

void faults_cease(struct world *w)
{
	w->calm = true;
	heal(w);
	w->loss_permille = w->loss_permille > 5 ? 5 : w->loss_permille;
	w->straggler_permille = 0;
	w->congestion = 0;
	w->full_permille = 0;
	for (int i = 0; i < w->n; i++) {
		w->nodes[i].fragile = false;
		w->nodes[i].disk_broken = false;
		w->nodes[i].clock_lost = false;
	}
	references_cease(w);
}
