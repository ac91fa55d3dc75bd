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
		[SIM_CAP] = "cap",
		[SIM_INTERVAL] = "interval",
		[SIM_SIGN] = "sign",
	};

	return names[rule];
}

bool rules_lack(const struct world *w, enum sim_rule rule)
{
	return w->options.without == rule;
}

static bool is_election(const struct packet *p, enum election_kind kind)
{
	return p->kind == PACKET_ELECTION && p->election.message.kind == kind;
}

/* Whoever acts as the leader is taken for the leader of the present term. */
static void ignore_term(struct node *n, struct packet *p, member_id from)
{
	uint64_t term = n->election.state.term;

	if (p->kind == PACKET_POLL) {
		p->poll.term = term;
	} else if (p->kind == PACKET_ADJUST) {
		n->ticket.term = term;
		p->adjust.correction.term = term;
	} else if (is_election(p, ELECTION_BEAT)) {
		p->election.message.term = term;
	} else {
		return;
	}
	n->election.leader = from;
}

void rules_before_packet(struct world *w, struct node *n, struct packet *p)
{
	bool asks = is_election(p, ELECTION_PROBE) || is_election(p, ELECTION_VOTE);

	if (rules_lack(w, SIM_TERM)) {
		ignore_term(n, p, w->nodes[p->from].id);
	}
	if (rules_lack(w, SIM_PROMISE) && asks) {
		n->election.promised_until = node_mono(w, n);
	}
	if (rules_lack(w, SIM_STAMP) && asks) {
		p->election.message.stamp = n->election.state.electorate.stamp;
	}
	if (rules_lack(w, SIM_POLL_NEW) && p->kind == PACKET_POLL) {
		n->election.polled = 0;
	}
	if (rules_lack(w, SIM_TICKET_NEW) && p->kind == PACKET_ADJUST) {
		n->ticket.open = true;
		n->ticket.ends = mono_add(node_mono(w, n), LEASE);
		n->ticket.term = p->adjust.correction.term;
		n->ticket.leader = p->adjust.correction.from;
		n->ticket.nonce = p->adjust.correction.nonce;
	}
}

void rules_after_message(struct world *w, struct node *n, const struct election_message *m)
{
	const struct electorate electorate = n->election.state.electorate;
	struct election_message forged = *m;
	struct election_actions out;

	if (!rules_lack(w, SIM_MAJORITY) || m->verdict != ELECTION_YES ||
	    (m->kind != ELECTION_PROBE_ANSWER && m->kind != ELECTION_VOTE_ANSWER)) {
		return;
	}
	for (size_t i = 0; i < electorate.n && n->up; i++) {
		forged.from = electorate.id[i];
		election_receive(&n->election, &forged, node_mono(w, n), &out);
		node_perform(w, n, &out);
	}
}

void rules_after_start(struct world *w, struct node *n)
{
	if (rules_lack(w, SIM_REST)) {
		n->election.promised_until = node_mono(w, n);
		n->election.rests_until = node_mono(w, n);
		n->election.stand_at = node_mono(w, n);
	}
}
