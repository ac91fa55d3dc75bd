/* SPDX-License-Identifier: BSD-3-Clause */
/* What the network does to packets. */
#include "tests/sim/groups/world.h"

static dur_ns delay(struct world *w)
{
	dur_ns d = world_random(w, w->delay_least, w->delay_most + w->congestion);

	if (world_chance(w, w->straggler_permille)) {
		d += world_random(w, 0, 3 * LEASE);
	}
	return d;
}

static void deliver(struct world *w, const struct packet *p)
{
	events_add(w, w->now + delay(w), EVENT_PACKET, p->to)->packet = *p;
}

/* --- somebody without a key --- */

/* Some are remembered until the end, so that there are always old ones. */
static void remember(struct world *w, const struct packet *p)
{
	if (w->n_heard < HEARD) {
		w->heard[w->n_heard++] = *p;
	} else if (world_chance(w, 20)) {
		w->heard[world_random(w, 0, HEARD - 1)] = *p;
	}
}

/*
 * Hear a packet, and send what was heard again, to those that it was for. An answer to a poll is
 * only taken as the answer to the very call that it was sealed for: cycle.c has that.
 */
static void overhear(struct world *w, const struct packet *p)
{
	if (w->replay_permille > 0) {
		remember(w, p);
	}
	if (world_chance(w, w->replay_permille)) {
		w->result->replayed++;
		deliver(w, &w->heard[world_random(w, 0, (int64_t)w->n_heard - 1)]);
	}
	if (w->replays_polls && p->kind == PACKET_POLL) {
		const int64_t at = w->now + world_random(w, CYCLE_WAIT / 2, CYCLE_WAIT);

		w->result->replayed++;
		events_add(w, at, EVENT_PACKET, p->to)->packet = *p;
	}
}

/*
 * Only what arrives is repeated: else a repeated poll could be the first to arrive, as in a network
 * that is slow, and what it measures is right to within its bound, but no better.
 */
void network_send(struct world *w, const struct packet *p)
{
	w->result->packets++;
	if (w->cut[p->from][p->to] || world_chance(w, w->loss_permille)) {
		w->result->lost++;
		return;
	}
	deliver(w, p);
	if (world_chance(w, w->duplicate_permille)) {
		deliver(w, p);
	}
	overhear(w, p);
}
