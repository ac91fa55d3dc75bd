/* SPDX-License-Identifier: BSD-3-Clause */
/* The network, and an attacker on it without the key. */
#include <stdlib.h>
#include <string.h>

#include "tests/sim/groups/world.h"

/* The bytes of a packet that count: most have no status and no list of voters, which are last. */
struct packet *packet_copy(const struct packet *p)
{
	struct packet *copy = malloc(sizeof(*copy));

	if (!copy) {
		abort();
	}
	memcpy(copy, p, offsetof(struct packet, status));
	copy->ts1 = p->ts1;
	copy->ts2 = p->ts2;
	copy->ts3 = p->ts3;
	if (p->kind == PACKET_REPLY && p->reply.proc == GROUP_STATUS) {
		copy->status = p->status;
		copy->reply.status = &copy->status;
	}
	if (p->kind == PACKET_CALL && p->call.proc == GROUP_ELECTION &&
	    p->call.election.message.voters) {
		copy->voters.stamp = p->voters.stamp;
		copy->voters.n = p->voters.n;
		memcpy(copy->voters.id, p->voters.id, p->voters.n * sizeof(p->voters.id[0]));
		copy->call.election.message.voters = &copy->voters;
	}
	return copy;
}

static dur_ns delay(struct world *w, const struct packet *p)
{
	dur_ns d;

	if (w->steady) {
		return steady_delay(w, p);
	}
	d = world_random(w, w->delay_least, w->delay_most + w->congestion);

	if (world_chance(w, w->straggler_permille)) {
		d += world_random(w, 0, 3 * LEASE);
	}
	return d;
}

static void deliver_at(struct world *w, const struct packet *p, int64_t at)
{
	events_add(w, at, EVENT_PACKET, p->to)->packet = packet_copy(p);
}

static void deliver(struct world *w, const struct packet *p)
{
	deliver_at(w, p, w->now + delay(w, p));
}

/* --- somebody without a key --- */

/* Some are remembered until the end, so that there are always old ones. */
static void remember(struct world *w, const struct packet *p)
{
	size_t place = w->n_heard;

	if (w->n_heard < HEARD) {
		w->n_heard++;
	} else if (world_chance(w, 20)) {
		place = (size_t)world_random(w, 0, HEARD - 1);
	} else {
		return;
	}
	free(w->heard[place]);
	w->heard[place] = packet_copy(p);
}

/*
 * Answer a measurement before the member that it is for does, with times that look as good as can
 * be: as far off as the leader may believe, or farther.
 */
static void forge(struct world *w, const struct packet *p)
{
	const dur_ns off = world_chance(w, 500) ? world_random(w, -NS_PER_SEC, NS_PER_SEC)
						: world_random(w, -w->delay_most, w->delay_most);
	struct packet forged = *p;
	const struct node *to = &w->nodes[p->to];

	forged.kind = PACKET_MEASURED;
	forged.from = p->to;
	forged.to = p->from;
	forged.ts2 = node_clock(w, to) + off;
	forged.ts3 = forged.ts2 + w->delay_least / 2;
	w->result->forged++;
	deliver_at(w, &forged, w->now + w->delay_least);
}

/* Once in a while, likewise. */
static void forge_one(struct world *w, const struct packet *p)
{
	struct packet forged = *p;
	dur_ns ahead, delay;

	if (p->kind == PACKET_MEASURE && steady_forges(w, p, &ahead, &delay)) {
		forged.kind = PACKET_MEASURED;
		forged.from = p->to;
		forged.to = p->from;
		forged.ts2 = node_clock(w, &w->nodes[p->to]) + ahead;
		forged.ts3 = forged.ts2;
		deliver_at(w, &forged, w->now + 2 * delay);
	}
}

/* Hear a packet, and send earlier ones again, to those that they were for. */
static void overhear(struct world *w, const struct packet *p)
{
	if (w->replay_permille > 0) {
		remember(w, p);
	}
	if (world_chance(w, w->replay_permille)) {
		w->result->replayed++;
		deliver(w, w->heard[world_random(w, 0, (int64_t)w->n_heard - 1)]);
	}
	if (w->replays_polls && p->kind == PACKET_CALL && p->call.proc == GROUP_POLL) {
		w->result->replayed++;
		deliver_at(w, p, w->now + world_random(w, 0, 5 * w->delay_most));
	}
	if (w->forges && p->kind == PACKET_MEASURE) {
		forge(w, p);
	}
}

/*
 * Only what arrives is repeated: else a repeated poll could be the first to arrive, as in a network
 * that is slow, and what it measures is right to within its bound, but no better.
 */
void network_send(struct world *w, const struct packet *p)
{
	const bool cut = p->from != ADMIN && p->to != ADMIN && w->cut[p->from * w->n + p->to];

	w->result->packets++;
	const bool may_be_lost = !w->steady || steady_loses(w, p);

	if (cut || (may_be_lost && world_chance(w, w->loss_permille))) {
		w->result->lost++;
		return;
	}
	deliver(w, p);
	if (world_chance(w, w->duplicate_permille)) {
		deliver(w, p);
	}
	if (w->steady) {
		forge_one(w, p);
	} else {
		overhear(w, p);
	}
}
