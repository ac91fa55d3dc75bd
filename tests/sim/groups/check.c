/* SPDX-License-Identifier: BSD-3-Clause */
/* What must never happen, and what must have happened in the end. */
#include <inttypes.h>
#include <stdarg.h>

#include "tests/sim/groups/world.h"

const char *sim_breach_text(enum sim_breach breach)
{
	static const char *const texts[SIM_BREACHES] = {
		[SIM_FINE] = "all is well",
		[SIM_TWO_OBEYED] = "two leaders obeyed in one term",
		[SIM_TWO_ELECTED] = "two leaders of one term",
		[SIM_TWO_ACT] = "two leaders may act",
		[SIM_TWICE] = "a correction was applied twice",
		[SIM_OUTDATED] = "a correction was out of date",
		[SIM_TOO_LARGE] = "a correction was above the cap",
		[SIM_TOO_SOON] = "two corrections in less than a cycle",
		[SIM_NO_LEADER] = "no agreed leader",
		[SIM_STRAY] = "one that was removed does not know it",
		[SIM_APART] = "the clocks do not agree",
		[SIM_BROKEN] = "the simulator is at its limits",
	};

	return texts[breach];
}

/*
 * What may happen when a member has lost what it saved: two leaders of one term, of which one stays
 * out of the group until that term ends.
 */
static bool is_excused(const struct world *w, enum sim_breach breach)
{
	return w->options.forgetful &&
	       (breach == SIM_TWO_OBEYED || breach == SIM_TWO_ELECTED || breach == SIM_TWICE ||
		breach == SIM_NO_LEADER || breach == SIM_APART);
}

void check_fail(struct world *w, enum sim_breach breach, const char *format, ...)
{
	struct sim_result *r = w->result;
	va_list args;

	if (r->breach != SIM_FINE || is_excused(w, breach)) {
		return;
	}
	r->breach = breach;
	int used = snprintf(r->what, sizeof(r->what), "at %.6f s: ", (double)w->now / 1e9);
	va_start(args, format);
	vsnprintf(r->what + used, sizeof(r->what) - (size_t)used, format, args);
	va_end(args);
	world_trace(w, "%s: %s", sim_breach_text(breach), r->what);
}

/* --- at every correction that is applied --- */

static void check_one_leader_of_term(struct world *w, const struct node *n, member_id leader)
{
	uint64_t term = n->election.state.term;

	if (term >= TERMS) {
		check_fail(w, SIM_BROKEN, "%" PRIu64 " terms", term);
	} else if (w->obeyed[term] != MEMBER_NONE && w->obeyed[term] != leader) {
		check_fail(w, SIM_TWO_OBEYED,
			   "corrections of both %" PRIu64 " and %" PRIu64
			   " were applied in term %" PRIu64,
			   w->obeyed[term], leader, term);
	} else {
		w->obeyed[term] = leader;
	}
}

static void check_once(struct world *w, struct node *n, uint64_t term, uint64_t cycle)
{
	for (size_t i = 0; i < n->n_applied; i++) {
		if (n->applied[i].term == term && n->applied[i].cycle == cycle) {
			check_fail(w, SIM_TWICE,
				   "%" PRIu64 " applied the correction of term %" PRIu64
				   ", cycle %" PRIu64 " twice",
				   n->id, term, cycle);
		}
	}
	if (n->n_applied == APPLIED) {
		check_fail(w, SIM_BROKEN, "more than %d corrections", APPLIED);
		return;
	}
	n->applied[n->n_applied++] = (struct applied){ .term = term, .cycle = cycle };
}

static void check_size(struct world *w, const struct node *n, dur_ns amount)
{
	if (w->cap > 0 && (amount > w->cap || amount < -w->cap)) {
		check_fail(w, SIM_TOO_LARGE,
			   "%" PRIu64 " was corrected by %" PRId64 " ns, above the cap", n->id,
			   amount);
	}
	if (w->options.kill_leader && w->now > KILL &&
	    (amount > w->agreement || amount < -w->agreement)) {
		check_fail(w, SIM_TOO_LARGE, "%" PRIu64 " jumped by %" PRId64 " ns", n->id, amount);
	}
	if (n->corrected && mono_since(node_mono(w, n), n->corrected_at) < CYCLE / 2) {
		check_fail(w, SIM_TOO_SOON, "%" PRIu64 " was corrected twice in half a cycle",
			   n->id);
	}
}

void check_applied(struct world *w, struct node *n, const struct packet *adjust)
{
	const struct correction *c = &adjust->adjust.correction;

	world_trace(w,
		    "%" PRIu64 " applies %" PRId64 " ns of %" PRIu64 ", term %" PRIu64
		    ", cycle %" PRIu64,
		    n->id, c->amount, c->from, c->term, adjust->adjust.cycle);
	check_one_leader_of_term(w, n, c->from);
	check_once(w, n, c->term, adjust->adjust.cycle);
	check_size(w, n, c->amount);
	if (adjust->adjust.epoch != n->epoch) {
		check_fail(w, SIM_OUTDATED,
			   "%" PRIu64 " was corrected, though it had changed since the poll",
			   n->id);
	}
	if (w->now - adjust->adjust.polled_at > LEASE + LEASE / 1000) {
		check_fail(w, SIM_OUTDATED, "%" PRIu64 " was corrected over a lease after the poll",
			   n->id);
	}
	n->corrected = true;
	n->corrected_at = node_mono(w, n);
}

/* --- after every event --- */

static void check_elected(struct world *w, const struct node *n)
{
	uint64_t term = n->election.state.term;

	/* What has not been saved nobody has heard of. */
	if (n->election.role != ELECTION_LEADER || n->election.unsaved || term >= TERMS ||
	    w->elected[term] == n->id) {
		return;
	}
	if (w->elected[term] != MEMBER_NONE) {
		check_fail(w, SIM_TWO_ELECTED,
			   "both %" PRIu64 " and %" PRIu64 " lead term %" PRIu64, w->elected[term],
			   n->id, term);
	}
	w->elected[term] = n->id;
	w->result->leaders++;
	world_trace(w, "%" PRIu64 " is elected, term %" PRIu64, n->id, term);
}

void check_always(struct world *w)
{
	const struct node *acting = NULL;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		if (!n->up) {
			continue;
		}
		check_elected(w, n);
		if (!node_may_act(w, n)) {
			continue;
		}
		if (acting) {
			check_fail(w, SIM_TWO_ACT,
				   "both %" PRIu64 " and %" PRIu64 " may act as leaders",
				   acting->id, n->id);
		}
		acting = n;
	}
}

/* --- when the faults have ceased and there was time to settle --- */

/* The highest of the electorate that is up. */
static member_id highest(const struct world *w, const struct electorate *e)
{
	member_id best = MEMBER_NONE;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		if (n->up && n->id > best && electorate_find(e, n->id) >= 0) {
			best = n->id;
		}
	}
	return best;
}

static void check_leader(struct world *w, const struct node *leader)
{
	member_id best = highest(w, &leader->election.state.electorate);

	if (leader->id != best) {
		check_fail(w, SIM_NO_LEADER, "%" PRIu64 " leads, not the highest, %" PRIu64,
			   leader->id, best);
	}
	if (w->settled_leader != MEMBER_NONE && w->settled_leader != leader->id) {
		check_fail(w, SIM_NO_LEADER, "%" PRIu64 " took over from %" PRIu64 " for no reason",
			   leader->id, w->settled_leader);
	}
	w->settled_leader = leader->id;
}

static void check_obeyed(struct world *w, const struct node *leader)
{
	const struct electorate *e = &leader->election.state.electorate;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		/* Who has no vote hears nothing but polls, of which two may get lost in a row. */
		member_id obeyed = electorate_find(e, n->id) < 0
					   ? n->election.leader
					   : election_leader(&n->election, node_mono(w, n));
		if (n->up && obeyed != leader->id) {
			check_fail(w, SIM_NO_LEADER, "%" PRIu64 " does not obey %" PRIu64, n->id,
				   leader->id);
		}
	}
}

static void check_strays(struct world *w, const struct node *leader)
{
	const struct electorate *e = &leader->election.state.electorate;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		if (n->up && electorate_find(e, n->id) < 0 &&
		    electorate_find(&n->election.state.electorate, n->id) >= 0) {
			check_fail(w, SIM_STRAY, "%" PRIu64 " does not know that it was removed",
				   n->id);
		}
	}
}

/*
 * See init_network for how far off they may be.
 */
static void check_spread(struct world *w, const struct node *leader)
{
	ts_ns right = node_clock(w, leader);

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		dur_ns off = node_clock(w, n) - right;
		if (n->up && (off > w->agreement || off < -w->agreement)) {
			check_fail(w, SIM_APART, "%" PRIu64 " is %" PRId64 " ns off its leader",
				   n->id, off);
		}
	}
}

void check_settled(struct world *w)
{
	const struct node *leader = node_leader(w);

	if (!leader) {
		check_fail(w, SIM_NO_LEADER, "nobody leads");
		return;
	}
	check_leader(w, leader);
	check_obeyed(w, leader);
	check_strays(w, leader);
	check_spread(w, leader);
}

/* --- when the leader was killed --- */

void check_succession(struct world *w)
{
	if (w->now - w->killed_at > 3 * LEASE) {
		check_fail(w, SIM_NO_LEADER, "nobody leads 3 leases after the leader was killed");
	} else if (node_leader(w)) {
		w->result->leaderless = w->now - w->killed_at;
		w->killed_at = 0;
	}
}
