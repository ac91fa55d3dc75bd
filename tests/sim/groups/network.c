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
}
