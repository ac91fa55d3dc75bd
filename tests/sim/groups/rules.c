/* SPDX-License-Identifier: BSD-3-Clause */
/* Rules taken away from all members, as a bug would take them away. */
#include "tests/sim/groups/world.h"

const char *sim_rule_name(enum sim_rule rule)
{
	static const char *const names[SIM_RULES] = {
		[SIM_NO_RULE] = "none",
		[SIM_TERM] = "term",
		[SIM_MEMORY] = "memory",
		[SIM_SAVE_FIRST] = "save-first",
		[SIM_SAVED] = "saved",
		[SIM_MAJORITY] = "majority",
		[SIM_LEASE] = "lease",
		[SIM_PROMISE] = "promise",
		[SIM_REST] = "rest",
		[SIM_STAMP] = "stamp",
		[SIM_INSTALLED] = "installed",
		[SIM_TELL] = "tell",
		[SIM_BULLY] = "bully",
		[SIM_POLL_NEW] = "poll-new",
		[SIM_TICKET_ONCE] = "ticket-once",
		[SIM_TICKET_NEW] = "ticket-new",
		[SIM_CLOCK] = "clock",
		[SIM_WITHIN] = "within",
		[SIM_ADMIN_ONCE] = "admin-once",
		[SIM_CAP] = "cap",
		[SIM_INTERVAL] = "interval",
		[SIM_SIGN] = "sign",
		[SIM_COAST] = "coast",
		[SIM_DELAY] = "delay",
		[SIM_SLEW_END] = "slew-end",
		[SIM_COMMON_RATE] = "common-rate",
	};

	return names[rule];
}

bool rules_lack(const struct world *w, enum sim_rule rule)
{
	return w->options.without == rule;
}

static bool is_change(enum group_procedure proc)
{
	return proc == GROUP_JOIN || proc == GROUP_LEAVE || proc == GROUP_STEP_DOWN;
}

/* Whoever acts as the leader is taken for the leader of the present term. */
static void ignore_term(struct node *n, struct packet *p)
{
	struct election *e = &n->agent.election;
	const uint64_t term = e->state.term;

	if (p->call.proc == GROUP_ADJUST) {
		n->agent.corrector.ticket.term = term;
	} else if (p->call.proc == GROUP_ELECTION &&
		   p->call.election.message.kind == ELECTION_HEARTBEAT) {
		p->call.election.message.term = term;
	} else if (p->call.proc != GROUP_POLL) {
		return;
	}
	p->call.head.term = term;
	e->leader = p->call.head.from;
}

void rules_before_packet(struct world *w, struct node *n, struct packet *p)
{
	struct election *e = &n->agent.election;
	struct ticket *ticket = &n->agent.corrector.ticket;
	struct election_message *m =
		p->call.proc == GROUP_ELECTION ? &p->call.election.message : NULL;
	const bool asks = m && (m->kind == ELECTION_PROBE || m->kind == ELECTION_VOTE);

	if (rules_lack(w, SIM_TERM)) {
		ignore_term(n, p);
	}
	if (rules_lack(w, SIM_PROMISE) && asks) {
		e->promised_until = node_mono(w, n);
	}
	if (rules_lack(w, SIM_STAMP) && asks) {
		m->stamp = e->state.voters.stamp;
	}
	if (rules_lack(w, SIM_POLL_NEW) && p->call.proc == GROUP_POLL) {
		e->polled = 0;
	}
	if (rules_lack(w, SIM_TICKET_NEW) && p->call.proc == GROUP_ADJUST) {
		ticket->open = true;
		ticket->ends = mono_add(node_mono(w, n), LEASE);
		ticket->term = p->call.head.term;
		ticket->leader = p->call.head.from;
		ticket->nonce = p->call.adjust.nonce;
	}
	if (rules_lack(w, SIM_TICKET_ONCE) && p->call.proc == GROUP_ADJUST && n->handed_over.open) {
		*ticket = n->handed_over;
	}
	if (rules_lack(w, SIM_DELAY) && p->call.proc == GROUP_ADJUST) {
		p->call.adjust.delay = 2 * w->delay_least;
	}
	if (rules_lack(w, SIM_INSTALLED) && is_change(p->call.proc)) {
		e->installed.n = MEMBERS_MAX;
	}
	if (rules_lack(w, SIM_ADMIN_ONCE) && is_change(p->call.proc)) {
		n->agent.change.has_nonce = true;
		n->agent.change.nonce = p->call.change.nonce;
		n->agent.change.nonce_ends = mono_add(node_mono(w, n), LEASE);
	}
}

void rules_after_packet(struct world *w, struct node *n, const struct packet *p)
{
	if (rules_lack(w, SIM_TICKET_ONCE) && p->call.proc == GROUP_POLL) {
		n->handed_over = n->agent.corrector.ticket;
	}
}

/* As if everybody had said yes. */
static void forge_majority(struct world *w, struct node *n, const struct agent_event *e)
{
	const struct voters voters = n->agent.election.state.voters;
	struct group_election forged = *e->answer.election;
	struct agent_event again = *e;

	again.answer.election = &forged;
	for (size_t i = 0; i < voters.n && n->up && !n->forging; i++) {
		if (voters.id[i] != n->id && voters.id[i] != e->answer.head.from) {
			forged.message.from = voters.id[i];
			again.answer.tag.to = voters.id[i];
			again.answer.head.from = voters.id[i];
			n->forging = true;
			node_step(w, n, &again);
			n->forging = false;
		}
	}
}

void rules_before_step(struct world *w, struct node *n, const struct agent_event *e)
{
	struct election *election = &n->agent.election;

	if (rules_lack(w, SIM_BULLY) && e->kind == AGENT_WAKE) {
		election->claim_at = mono_add(node_mono(w, n), LEASE);
	}
	if (rules_lack(w, SIM_LEASE) && election->role == ELECTION_LEADER && election->leased) {
		election->lease_from = node_mono(w, n);
	}
	if (rules_lack(w, SIM_INTERVAL)) {
		n->agent.corrector.ticket.corrected = false;
	}
	if (rules_lack(w, SIM_COAST)) {
		n->agent.corrector.servo.doubts = true;
	}
	if (rules_lack(w, SIM_SLEW_END)) {
		n->agent.corrector.servo.slew_ends = mono_add(node_mono(w, n), 3600 * NS_PER_SEC);
	}
	if (rules_lack(w, SIM_COMMON_RATE)) {
		n->agent.cycle.rate = 0;
	}
	if (rules_lack(w, SIM_WITHIN) && e->kind == AGENT_MEASURED) {
		struct group_member *m = group_members_known(&n->agent.members, e->measured.tag.to);

		if (m) {
			m->poll.authentic_error = TS_LIMIT / 2;
		}
	}
}

void rules_after_step(struct world *w, struct node *n, const struct agent_event *e)
{
	const struct election_message *m = e->kind == AGENT_ANSWER &&
							   e->answer.proc == GROUP_ELECTION &&
							   e->answer.answered && e->answer.election
						   ? &e->answer.election->message
						   : NULL;

	if (rules_lack(w, SIM_MAJORITY) && m && m->verdict == ELECTION_YES &&
	    (m->kind == ELECTION_PROBE_ANSWER || m->kind == ELECTION_VOTE_ANSWER)) {
		forge_majority(w, n, e);
	}
}

void rules_after_start(struct world *w, struct node *n)
{
	if (rules_lack(w, SIM_REST)) {
		n->agent.election.promised_until = node_mono(w, n);
		n->agent.election.rests_until = node_mono(w, n);
		n->agent.election.stand_at = node_mono(w, n);
	}
}
