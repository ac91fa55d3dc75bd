/* SPDX-License-Identifier: BSD-3-Clause */
/* What goes wrong in the first part of a run. */
#include <inttypes.h>

#include "tests/sim/groups/world.h"

static struct node *any_node(struct world *w)
{
	return &w->nodes[world_random(w, 0, w->n - 1)];
}

static void heal(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		for (int j = 0; j < w->n; j++) {
			w->cut[i][j] = false;
		}
	}
	world_trace(w, "the network is healed");
}

static void part(struct world *w)
{
	uint64_t side = random_next(&w->random);

	for (int i = 0; i < w->n; i++) {
		for (int j = 0; j < w->n; j++) {
			w->cut[i][j] = ((side >> i ^ side >> j) & 1) != 0;
		}
	}
	world_trace(w, "the network is parted: %" PRIx64, side & ((1U << w->n) - 1));
}

/* One way only. */
static void cut_some(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		int from = any_node(w)->index;
		int to = any_node(w)->index;
		w->cut[from][to] = true;
		world_trace(w, "cut from %" PRIu64 " to %" PRIu64, w->nodes[from].id,
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

/* Some of them at once, who are soon there again. */
static void cut_power(struct world *w)
{
	uint64_t off = random_next(&w->random);

	for (int i = 0; i < w->n; i++) {
		if (w->nodes[i].up && off >> i & 1) {
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
		world_trace(w, "%" PRIu64 " is frozen until %.6f s", n->id,
			    (double)n->thaw_at / 1e9);
	}
}

static void break_disk(struct world *w)
{
	struct node *n = any_node(w);

	n->disk_broken = !n->disk_broken;
}

static void step_down(struct world *w)
{
	struct node *n = any_node(w);
	bool leaves = world_chance(w, 500);
	dur_ns passive = leaves ? INT64_MAX : world_random(w, 0, 4 * LEASE);
	struct election_actions out;

	if (!n->up || n->frozen) {
		return;
	}
	world_trace(w, "%" PRIu64 " steps down", n->id);
	election_step_down(&n->election, passive, node_mono(w, n), &out);
	node_perform(w, n, &out);
	if (leaves && n->up) {
		node_crash(w, n, world_random(w, 0, 4 * LEASE));
	}
	if (n->up) {
		node_set_alarm(w, n);
	}
}

static void change_electorate(struct world *w, struct node *leader)
{
	struct mono now = node_mono(w, leader);
	struct node *n = any_node(w);
	struct election_actions out;

	if (w->options.forgetful) {
		return;
	}
	if (rules_lack(w, SIM_INSTALLED)) {
		leader->election.installed.n = MEMBERS_MAX;
	}
	bool is_in = electorate_find(&leader->election.state.electorate, n->id) >= 0;
	int error = is_in ? election_remove(&leader->election, n->id, now, &out)
			  : election_add(&leader->election, n->id, now, &out);
	node_perform(w, leader, &out);
	if (!error) {
		w->result->changes++;
		world_trace(w, "%" PRIu64 " %s %" PRIu64, leader->id, is_in ? "removes" : "adds",
			    n->id);
	}
	if (leader->up) {
		node_set_alarm(w, leader);
	}
}

/* All but the first have to wait, and are refused. */
static void change_in_a_row(struct world *w)
{
	for (int i = 0; i < 3; i++) {
		struct node *leader = node_leader(w);
		if (leader && !leader->frozen) {
			change_electorate(w, leader);
		}
	}
}

/* By somebody else; the agent notices, as clocks do not jump by themselves. */
static void set_clock(struct world *w)
{
	struct node *n = any_node(w);

	if (!n->frozen) {
		n->clock_base += world_random(w, -2 * NS_PER_SEC, 2 * NS_PER_SEC);
		n->epoch++;
		n->polling = false;
		n->ticket.open = false;
		world_trace(w, "%" PRIu64 " is set by somebody else", n->id);
	}
}

/* By somebody who has a key, or where none is needed: of a term, or an electorate, that cannot be.
 */
static void send_absurdity(struct world *w)
{
	static const enum election_kind kinds[] = { ELECTION_PROBE_ANSWER, ELECTION_VOTE,
						    ELECTION_BEAT, ELECTION_BEAT_ANSWER,
						    ELECTION_RESIGN };
	const uint64_t term = UINT64_MAX >> world_random(w, 0, 2);
	struct node *to = any_node(w);
	struct packet p = { .kind = PACKET_POLL, .from = any_node(w)->index, .to = to->index };

	if (world_chance(w, 500)) {
		p.poll.term = term;
		p.poll.cycle = 1;
	} else {
		p.kind = PACKET_ELECTION;
		p.election.message = (struct election_message){
			.kind = kinds[world_random(w, 0, 4)],
			.from = w->nodes[p.from].id,
			.to = to->id,
			.term = world_chance(w, 500) ? term : to->election.state.term,
			.lease = LEASE,
			.stamp = { term, 0, to->election.state.electorate.stamp.digest },
		};
	}
	world_trace(w, "something absurd is sent to %" PRIu64, to->id);
	network_send(w, &p);
}

static void inject(struct world *w)
{
	static void (*const faults[])(struct world * w) = {
		heal,
		heal,
		part,
		part,
		cut_some,
		crash,
		cut_power,
		freeze,
		break_disk,
		slow_down,
		slow_down,
		step_down,
		change_in_a_row,
		change_in_a_row,
		set_clock,
		send_absurdity,
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
		changed = changed || n->role != n->election.role;
		n->role = n->election.role;
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

void faults_kill_leader(struct world *w)
{
	struct node *leader = node_leader(w);

	if (!leader) {
		check_fail(w, SIM_NO_LEADER, "nobody leads, though nothing went wrong");
		return;
	}
	w->killed_at = w->now;
	node_crash(w, leader, END);
}

void faults_cease(struct world *w)
{
	w->calm = true;
	heal(w);
	w->loss_permille = w->loss_permille > 5 ? 5 : w->loss_permille;
	w->straggler_permille = 0;
	w->congestion = 0;
	for (int i = 0; i < w->n; i++) {
		w->nodes[i].fragile = false;
		w->nodes[i].disk_broken = false;
	}
}
