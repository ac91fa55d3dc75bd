/* SPDX-License-Identifier: BSD-3-Clause */
/* Members whose clocks something else keeps. */
#include <inttypes.h>

#include "core/arith.h"
#include "tests/sim/groups/world.h"

#define UTC_AT_0 (1000000000 * NS_PER_SEC)

/* So many of 1000 runs have references, and so many of these one that lies. */
#define RUNS 300
#define LIES 200

static int64_t between(struct world *w, int64_t low, int64_t high)
{
	return random_between(&w->keeper, low, high);
}

ts_ns references_utc(const struct world *w)
{
	return UTC_AT_0 + w->now;
}

void references_make(struct world *w, struct node *n, dur_ns off, dur_ns claim)
{
	n->is_reference = true;
	n->is_synchronised = true;
	n->claim = claim;
	n->clock_base = references_utc(w) + off;
	n->clock_from = w->now;
	n->clock_ppb = 0;
	w->has_references = true;
	w->lies = w->lies || arith_abs(off) > claim;
}

/* At least one member is none. */
void references_choose(struct world *w)
{
	w->keeper = random_from(~w->options.seed);
	if (w->n < 2 || w->options.kill_leader || between(w, 0, 999) >= RUNS) {
		return;
	}
	for (int64_t left = between(w, 1, (w->n + 1) / 2); left > 0; left--) {
		struct node *n = &w->nodes[between(w, 0, w->n - 2)];
		const dur_ns claim = between(w, NS_PER_MS, 20 * NS_PER_MS);
		const dur_ns off = between(w, 0, 999) < LIES ? between(w, 2 * claim, NS_PER_SEC)
							     : between(w, -claim, claim);

		references_make(w, n, off, claim);
		world_trace(w, "%" PRIx64 " is a reference, %" PRId64 " ns off, claims %" PRId64,
			    n->id, off, claim);
	}
	references_next(w);
}

void references_next(struct world *w)
{
	const int64_t at = w->now + between(w, 0, 10 * NS_PER_SEC);
	struct node *n = &w->nodes[between(w, 0, w->n - 1)];

	if (w->calm) {
		return;
	}
	if (n->is_reference && w->now > 0) {
		n->is_synchronised = !n->is_synchronised;
		world_trace(w, "%" PRIx64 " is %ssynchronised", n->id,
			    n->is_synchronised ? "" : "not ");
	}
	events_add(w, at, EVENT_REFERENCE, 0);
}

void references_cease(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		w->nodes[i].is_synchronised = w->nodes[i].is_reference;
	}
}

/* What its process has not noticed yet it cannot know. */
static bool has_noticed(const struct node *n)
{
	return n->agent.corrector.begun && n->agent.corrector.epoch == n->foreign;
}

static void check(struct world *w, const struct node *n)
{
	const struct claim *claim = &n->agent.corrector.claim;
	const dur_ns error = claim_error(claim, node_mono(w, n));
	const dur_ns off = node_clock(w, n) - references_utc(w);

	w->result->claims++;
	if (arith_abs(off) > error) {
		check_fail(w, SIM_UNTRUE,
			   "%" PRIx64 " is %" PRId64 " ns off, and says at most %" PRId64, n->id,
			   off, error);
	}
}

/* One that has had no turn for a while does not know yet that its slew has gone on. */
void references_check(struct world *w)
{
	for (int i = 0; i < w->n && w->has_references && !w->lies; i++) {
		const struct node *n = &w->nodes[i];

		if (n->up && !n->frozen && !n->is_reference && has_noticed(n) &&
		    n->agent.corrector.claim.known) {
			check(w, n);
		}
	}
}
