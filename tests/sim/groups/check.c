/* SPDX-License-Identifier: BSD-3-Clause */
/* The events that must never happen, and those that must have happened in the end. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/arith.h"
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
		[SIM_UNSAVED] = "acted on unsaved state",
		[SIM_REPEATED] = "a change was made twice",
		[SIM_TOO_SOON] = "two corrections in less than a cycle",
		[SIM_NO_LEADER] = "no agreed leader",
		[SIM_STRAY] = "one that was removed does not know it",
		[SIM_UNSAID] = "nobody says that the leader cannot reach a member",
		[SIM_APART] = "the clocks do not agree",
		[SIM_SET_REFERENCE] = "a reference's clock was set",
		[SIM_UNTRUE] = "a clock is farther from UTC than its member says",
		[SIM_BROKEN] = "the simulator is at its limits",
	};

	return texts[breach];
}

/*
 * This may happen when a member has lost its saved state: a term has two leaders, and one of them
 * stays out of the group until the term ends.
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
	uint64_t term = n->agent.election.state.term;

	if (term >= TERMS) {
		check_fail(w, SIM_BROKEN, "%" PRIu64 " terms", term);
	} else if (w->obeyed[term] != MEMBER_NONE && w->obeyed[term] != leader) {
		check_fail(w, SIM_TWO_OBEYED,
			   "corrections of both %" PRIx64 " and %" PRIx64
			   " were applied in term %" PRIu64,
			   w->obeyed[term], leader, term);
	} else {
		w->obeyed[term] = leader;
	}
}

void check_handed_out(struct world *w, struct node *n, const struct ticket_nonce *nonce)
{
	n->handed_out[n->n_handed_out++ % HANDED_OUT] = (struct handed_out){
		.nonce = *nonce,
		.changes = n->changes,
		.at = w->now,
	};
}

static struct handed_out *ticket_of(struct node *n, const struct ticket_nonce *nonce)
{
	for (size_t i = 0; i < HANDED_OUT; i++) {
		if (memcmp(&n->handed_out[i].nonce, nonce, sizeof(*nonce)) == 0) {
			return &n->handed_out[i];
		}
	}
	return NULL;
}

/* By which ticket: its own as a leader, or that of the correction that has come. */
static void check_ticket(struct world *w, struct node *n)
{
	const struct ticket_nonce *nonce =
		n->agent.own_correction ? &n->agent.cycle.own : &n->redeemed;
	struct handed_out *ticket = ticket_of(n, nonce);

	if (!ticket) {
		check_fail(w, SIM_OUTDATED, "%" PRIx64 " was corrected without a ticket", n->id);
		return;
	}
	if (ticket->used) {
		check_fail(w, SIM_TWICE, "%" PRIx64 " was corrected twice by one ticket", n->id);
	} else if (ticket->changes != n->changes) {
		check_fail(w, SIM_OUTDATED,
			   "%" PRIx64 " was corrected, though it had changed since the poll",
			   n->id);
	} else if (w->now - ticket->at > w->lease + w->lease / 1000) {
		check_fail(w, SIM_OUTDATED, "%" PRIx64 " was corrected over a lease after the poll",
			   n->id);
	}
	ticket->used = true;
}

static void check_size(struct world *w, const struct node *n, dur_ns amount)
{
	if (w->cap > 0 && (amount > w->cap || amount < -w->cap)) {
		check_fail(w, SIM_TOO_LARGE,
			   "%" PRIx64 " was corrected by %" PRId64 " ns, above the cap", n->id,
			   amount);
	}
	if (w->options.kill_leader && w->now > KILL &&
	    (amount > w->agreement || amount < -w->agreement)) {
		check_fail(w, SIM_TOO_LARGE, "%" PRIx64 " jumped by %" PRId64 " ns", n->id, amount);
	}
	if (n->corrected && mono_since(node_mono(w, n), n->corrected_at) < w->cycle / 2) {
		check_fail(w, SIM_TOO_SOON, "%" PRIx64 " was corrected twice in half a cycle",
			   n->id);
	}
}

void check_applied(struct world *w, struct node *n, dur_ns amount)
{
	const member_id leader = n->agent.own_correction ? n->id : n->from;

	world_trace(w, "%" PRIx64 " applies %" PRId64 " ns of %" PRIx64 ", term %" PRIu64, n->id,
		    amount, leader, n->agent.election.state.term);
	check_one_leader_of_term(w, n, leader);
	check_ticket(w, n);
	check_size(w, n, amount);
	if (!n->has_saved || n->disk.term != n->agent.election.state.term) {
		check_fail(w, SIM_UNSAVED,
			   "%" PRIx64 " was corrected in term %" PRIu64 ", which it has not saved",
			   n->id, n->agent.election.state.term);
	}
	if (n->clock_lost) {
		check_fail(w, SIM_OUTDATED, "%" PRIx64 " was corrected, but has no clock", n->id);
	}
	n->corrected = true;
	n->corrected_at = node_mono(w, n);
}

/* --- at every change of the list of voters --- */

void check_changed(struct world *w, struct node *n, const struct packet *call)
{
	const enum group_procedure proc = call->call.proc;

	if ((proc != GROUP_JOIN && proc != GROUP_LEAVE) || n->reply.answer != GROUP_DONE) {
		return;
	}
	if (memcmp(&n->changed, &call->call.change.nonce, sizeof(n->changed)) == 0) {
		check_fail(w, SIM_REPEATED, "%" PRIx64 " made one change twice", n->id);
	}
	n->changed = call->call.change.nonce;
	if (voters_compare(n->disk.voters.stamp, n->agent.election.state.voters.stamp) !=
	    VOTERS_SAME) {
		check_fail(w, SIM_UNSAVED, "%" PRIx64 " has not saved a change", n->id);
	}
}

/* --- after every event --- */

static void check_elected(struct world *w, const struct node *n)
{
	uint64_t term = n->agent.election.state.term;

	/* An unsaved term is unknown to all others. */
	if (n->agent.election.role != ELECTION_LEADER || n->agent.election.unsaved ||
	    term >= TERMS || w->elected[term] == n->id) {
		return;
	}
	if (w->elected[term] != MEMBER_NONE) {
		check_fail(w, SIM_TWO_ELECTED,
			   "both %" PRIx64 " and %" PRIx64 " lead term %" PRIu64, w->elected[term],
			   n->id, term);
	}
	w->elected[term] = n->id;
	w->result->leaders++;
	world_trace(w, "%" PRIx64 " is elected, term %" PRIu64, n->id, term);
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
				   "both %" PRIx64 " and %" PRIx64 " may act as leaders",
				   acting->id, n->id);
		}
		acting = n;
	}
	references_check(w);
}

/* --- when the faults have ceased and there was time to settle --- */

/* The highest of the voters that is up. */
static member_id highest(const struct world *w, const struct voters *e)
{
	member_id best = MEMBER_NONE;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		if (n->up && n->id > best && voters_find(e, n->id) >= 0) {
			best = n->id;
		}
	}
	return best;
}

static void check_leader(struct world *w, const struct node *leader)
{
	member_id best = highest(w, &leader->agent.election.state.voters);

	if (leader->id != best) {
		check_fail(w, SIM_NO_LEADER, "%" PRIx64 " leads, not the highest, %" PRIx64,
			   leader->id, best);
	}
	if (w->settled_leader != MEMBER_NONE && w->settled_leader != leader->id) {
		check_fail(w, SIM_NO_LEADER, "%" PRIx64 " took over from %" PRIx64 " for no reason",
			   leader->id, w->settled_leader);
	}
	w->settled_leader = leader->id;
}

/* Whether it is up, one of that leader's group, and the group corrects its clock. */
static bool is_corrected(const struct node *n, const struct node *leader)
{
	return n->up && !n->is_reference &&
	       voters_find(&leader->agent.election.state.voters, n->id) >= 0;
}

/* Whose clock those of all others have to agree with; null: there is none. */
static const struct node *standard(const struct world *w, const struct node *leader)
{
	for (int i = 0; i < w->n && leader->is_reference; i++) {
		if (is_corrected(&w->nodes[i], leader)) {
			return &w->nodes[i];
		}
	}
	return leader->is_reference ? NULL : leader;
}

/*
 * Somebody has set clocks so far apart that corrections are refused. Then they need not agree:
 * which of them count depends on who answers.
 */
static bool are_beyond_the_cap(const struct world *w, const struct node *leader)
{
	dur_ns least = 0, most = 0;

	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		const dur_ns off = node_clock(w, n) - node_clock(w, leader);

		if (is_corrected(n, leader)) {
			least = off < least ? off : least;
			most = off > most ? off : most;
		}
	}
	return w->cap > 0 && most - least > w->cap - w->agreement;
}

/*
 * A clock that was right is not stepped by less than 128 ms, but slewed as fast as it may be: so
 * far it may still be off.
 */
static dur_ns under_way(const struct node *n, dur_ns off)
{
	const int64_t fastest = off > 0 ? -SERVO_MAX_PPB : SERVO_MAX_PPB;

	return n->agent.corrector.servo.own_ppb == fastest ? SERVO_STEP_ABOVE : 0;
}

/* How far it may be off; see init_network. Two clocks may be on their way to each other. */
static dur_ns agreement(const struct world *w, const struct node *n, const struct node *by,
			dur_ns off)
{
	return w->agreement + under_way(n, off) + under_way(by, -off);
}

static void check_member(struct world *w, const struct node *n, const struct node *leader)
{
	const struct node *by = standard(w, leader);
	const dur_ns off = by && !n->is_reference ? node_clock(w, n) - node_clock(w, by) : 0;

	if (election_leader(&n->agent.election, node_mono(w, n)) != leader->id) {
		check_fail(w, SIM_NO_LEADER, "%" PRIx64 " does not obey %" PRIx64, n->id,
			   leader->id);
	}
	if (off != 0 && arith_abs(off) > agreement(w, n, by, off) &&
	    !are_beyond_the_cap(w, leader)) {
		check_fail(w, SIM_APART, "%" PRIx64 " is %" PRId64 " ns off its leader", n->id,
			   off);
	}
}

static void check_stray(struct world *w, const struct node *n)
{
	if (voters_find(&n->agent.election.state.voters, n->id) >= 0) {
		check_fail(w, SIM_STRAY, "%" PRIx64 " does not know that it was removed", n->id);
	}
}

void check_changes(struct world *w)
{
	const struct node *leader = node_leader(w);
	const struct voters *e = leader ? &leader->agent.election.state.voters : NULL;

	if (e && (e->stamp.version != w->settled_voters.version ||
		  e->stamp.digest != w->settled_voters.digest)) {
		w->settled_voters = e->stamp;
		w->settled_at = w->now + SETTLING;
		w->settled_leader = MEMBER_NONE;
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
	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];

		if (!n->up) {
			continue;
		}
		if (voters_find(&leader->agent.election.state.voters, n->id) >= 0) {
			check_member(w, n, leader);
		} else {
			check_stray(w, n);
		}
	}
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

/* --- when one member was cut off from the leader ------------------------------------------------
 */

/* What the leader says of a member's clock. */
static bool is_said_silent(const struct node *leader, const struct node *n)
{
	const struct group_member *m = group_members_known(
		(struct group_members *)(uintptr_t)&leader->agent.members, n->id);

	return m && m->last.part == GROUP_NO_ANSWER;
}

void check_cut_off(struct world *w)
{
	const struct node *leader = node_leader(w), *alone = &w->nodes[w->cut_off];

	if (w->result->leaders != w->elected_before) {
		check_fail(w, SIM_NO_LEADER,
			   "%" PRIu64 " elections, though a majority had a leader",
			   w->result->leaders - w->elected_before);
	}
	for (int i = 0; i < w->n; i++) {
		const struct node *n = &w->nodes[i];
		const member_id obeyed = election_leader(&n->agent.election, node_mono(w, n));

		if (obeyed != leader->id && (n != alone || obeyed != MEMBER_NONE)) {
			check_fail(w, SIM_NO_LEADER, "%" PRIx64 " does not obey %" PRIx64, n->id,
				   leader->id);
		}
		if (obeyed == MEMBER_NONE && n->agent.election.unheard != leader->id) {
			check_fail(w, SIM_UNSAID,
				   "%" PRIx64 " does not say that others follow %" PRIx64, n->id,
				   leader->id);
		}
	}
	if (!is_said_silent(leader, alone)) {
		check_fail(w, SIM_UNSAID, "%" PRIx64 " does not say that %" PRIx64 " is silent",
			   leader->id, alone->id);
	}
}
