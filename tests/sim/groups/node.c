/* SPDX-License-Identifier: BSD-3-Clause */
/* A member: what an agent does around group/core/election and group/core/ticket. */
#include <inttypes.h>
#include <string.h>

#include "tests/sim/groups/world.h"

static int64_t drifted(int64_t t, int64_t ppb)
{
	return t + t / 1000 * ppb / 1000000;
}

struct mono node_mono(const struct world *w, const struct node *n)
{
	return (struct mono){ .ns = n->mono_base + drifted(w->now, n->mono_ppb) };
}

ts_ns node_clock(const struct world *w, const struct node *n)
{
	return n->clock_base + drifted(w->now, n->clock_ppb);
}

bool node_may_act(const struct world *w, const struct node *n)
{
	if (rules_lack(w, SIM_LEASE)) {
		return n->up && n->election.leader == n->id && n->election.leased;
	}
	return n->up && election_may_act(&n->election, node_mono(w, n));
}

struct node *node_leader(struct world *w)
{
	for (int i = 0; i < w->n; i++) {
		if (node_may_act(w, &w->nodes[i])) {
			return &w->nodes[i];
		}
	}
	return NULL;
}

void node_set_alarm(struct world *w, struct node *n)
{
	struct mono next = election_next(&n->election);
	struct mono cycle = cycle_next(n);

	if (mono_since(cycle, next) < 0) {
		next = cycle;
	}
	dur_ns wait = mono_since(next, node_mono(w, n));
	/* Some ns too early is no harm, as it looks again; but time has to go on. */
	wait = wait > 0 ? 2 * wait - drifted(wait, n->mono_ppb) : 0;
	events_add(w, w->now + wait + 1, EVENT_WAKE, n->index)->alarm = ++n->alarm;
}

void node_crash(struct world *w, struct node *n, dur_ns pause)
{
	world_trace(w, "%" PRIu64 " crashes", n->id);
	n->up = false;
	events_add(w, w->now + pause, EVENT_RESTART, n->index);
}

void node_start(struct world *w, struct node *n)
{
	const bool forgets = w->options.forgetful && n->index == 0;
	const struct election_setup setup = {
		.self = n->id,
		.lease = LEASE,
		.seed = random_next(&w->random),
		.forgot = forgets,
	};

	n->up = true;
	n->frozen = false;
	n->fragile = false;
	n->disk_broken = false;
	n->polling = false;
	n->corrected = false;
	n->cycle_at = node_mono(w, n);
	n->ticket = (struct ticket){ .open = false };
	if (forgets || rules_lack(w, SIM_MEMORY)) {
		n->disk.term = 0;
		n->disk.voted_for = MEMBER_NONE;
	}
	if (forgets) {
		n->disk.electorate.stamp.term = 0;
	}
	if (election_init(&n->election, &setup, &n->disk, node_mono(w, n))) {
		check_fail(w, SIM_BROKEN, "%" PRIu64 " cannot start", n->id);
	}
	rules_after_start(w, n);
	world_trace(w, "%" PRIu64 " starts in term %" PRIu64, n->id, n->disk.term);
	node_set_alarm(w, n);
}

/* --- what the election wants done --- */

static void send_to(struct world *w, struct node *n, const struct election_message *m,
		    const struct node *to)
{
	struct packet p = { .kind = PACKET_ELECTION, .from = n->index, .to = to->index };

	p.election.message = *m;
	p.election.message.to = to->id;
	if (m->electorate) {
		p.election.n = m->electorate->n;
		memcpy(p.election.ids, m->electorate->id, p.election.n * sizeof(member_id));
		p.election.message.electorate = NULL;
		p.election.message.stamp = m->electorate->stamp;
	}
	network_send(w, &p);
}

static void send(struct world *w, struct node *n, const struct election_message *m)
{
	const struct electorate *all = &n->election.state.electorate;

	for (int i = 0; i < w->n; i++) {
		const struct node *to = &w->nodes[i];
		if (rules_lack(w, SIM_TELL) && m->electorate &&
		    electorate_find(m->electorate, to->id) < 0) {
			continue;
		}
		if (m->to == MEMBER_NONE ? to != n && electorate_find(all, to->id) >= 0
					 : m->to == to->id) {
			send_to(w, n, m, to);
		}
	}
}

/* Whether it could be saved, and the node is still there. */
static bool save(struct world *w, struct node *n)
{
	if (n->fragile && world_chance(w, 500)) {
		node_crash(w, n, world_random(w, 0, LEASE / 2));
		return false;
	}
	if (n->disk_broken) {
		world_trace(w, "%" PRIu64 " cannot save", n->id);
		return false;
	}
	n->disk = *election_to_save(&n->election);
	election_saved(&n->election);
	if (n->fragile) {
		node_crash(w, n, world_random(w, 0, LEASE / 2));
		return false;
	}
	return true;
}

bool node_perform(struct world *w, struct node *n, const struct election_actions *out)
{
	bool late = rules_lack(w, SIM_SAVE_FIRST);

	if (out->save && !late && !save(w, n)) {
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		send(w, n, &out->send[i]);
	}
	return !out->save || !late || save(w, n);
}

void node_wake(struct world *w, struct node *n)
{
	struct election_actions out;

	if (rules_lack(w, SIM_BULLY)) {
		n->election.claim_at = mono_add(node_mono(w, n), LEASE);
	}
	election_tick(&n->election, node_mono(w, n), &out);
	node_perform(w, n, &out);
	if (n->up) {
		cycle_tick(w, n);
	}
}

/* --- packets --- */

static void poll_received(struct world *w, struct node *n, const struct packet *p)
{
	struct packet back = { .kind = PACKET_POLL_ANSWER, .from = n->index, .to = p->from };
	struct mono now = node_mono(w, n);
	struct election_actions out;
	enum election_verdict verdict = election_obey(&n->election, w->nodes[p->from].id,
						      p->poll.term, p->poll.cycle, now, &out);

	if (!node_perform(w, n, &out) || verdict != ELECTION_YES) {
		return;
	}
	back.answer.term = p->poll.term;
	back.answer.cycle = p->poll.cycle;
	for (size_t i = 0; i < sizeof(back.answer.nonce.byte); i++) {
		back.answer.nonce.byte[i] = (uint8_t)random_next(&w->random);
	}
	back.answer.time = node_clock(w, n);
	back.answer.epoch = n->epoch;
	back.answer.at = w->now;
	ticket_issue(&n->ticket, &n->election, &back.answer.nonce, now);
	network_send(w, &back);
}

void node_correct(struct world *w, struct node *n, const struct packet *adjust)
{
	const struct ticket_limits limits = {
		.max_correction = rules_lack(w, SIM_CAP) ? 0 : w->cap,
		.min_interval = rules_lack(w, SIM_INTERVAL) ? 0 : CYCLE / 2,
	};
	const struct correction *c = &adjust->adjust.correction;
	struct ticket before = n->ticket;
	struct mono now = node_mono(w, n);
	enum ticket_verdict verdict = ticket_redeem(&n->ticket, &n->election, c, &limits, now);

	if (verdict != TICKET_VALID) {
		world_trace(w, "%" PRIu64 " refuses a correction of term %" PRIu64 ": %s", n->id,
			    c->term, ticket_verdict_text(verdict));
		w->result->refused++;
		return;
	}
	check_applied(w, n, adjust);
	n->clock_base += c->amount;
	n->epoch++;
	w->result->corrections++;
	if (rules_lack(w, SIM_TICKET_ONCE)) {
		n->ticket = before;
	}
}

static void election_received(struct world *w, struct node *n, struct packet *p)
{
	struct election_message *m = &p->election.message;
	struct electorate electorate;
	struct election_actions out;

	if (m->kind == ELECTION_ELECTORATE) {
		electorate_make(&electorate, m->stamp.term, m->stamp.version, p->election.ids,
				p->election.n);
		m->electorate = &electorate;
	}
	enum election_verdict verdict = election_receive(&n->election, m, node_mono(w, n), &out);
	if (verdict != ELECTION_YES) {
		world_trace(w,
			    "%" PRIu64 " refuses message %d of %" PRIu64 ", term %" PRIu64 ": %s",
			    n->id, (int)m->kind, m->from, m->term, election_verdict_text(verdict));
	}
	node_perform(w, n, &out);
	rules_after_message(w, n, m);
}

void node_receive(struct world *w, struct node *n, struct packet *p)
{
	rules_before_packet(w, n, p);
	switch (p->kind) {
	case PACKET_ELECTION:
		election_received(w, n, p);
		break;
	case PACKET_POLL:
		poll_received(w, n, p);
		break;
	case PACKET_POLL_ANSWER:
		cycle_answered(w, n, p);
		break;
	case PACKET_ADJUST:
		node_correct(w, n, p);
		break;
	}
}
