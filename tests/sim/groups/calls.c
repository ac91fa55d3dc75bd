/* SPDX-License-Identifier: BSD-3-Clause */
/* What an agent asks of others, and what comes back. */
#include <stdlib.h>
#include <string.h>

#include "core/sample.h"
#include "tests/sim/groups/world.h"

void calls_forget(struct node *n)
{
	memset(n->pending, 0, n->pending_max * sizeof(*n->pending));
}

static struct pending *find(struct node *n, uint64_t number)
{
	struct pending *p = &n->pending[number % n->pending_max];

	return number != 0 && p->number == number ? p : NULL;
}

/* Nobody waits for the answers to an election's messages, so those give their place up. */
static bool is_waited_for(const struct pending *p)
{
	return p->number != 0 && p->tag.part != AGENT_PART_ELECTION;
}

static struct pending *take(struct world *w, struct node *n, const struct agent_tag *tag)
{
	struct pending *p = &n->pending[++w->number % n->pending_max];

	for (size_t i = 1; i < n->pending_max && is_waited_for(p); i++) {
		p = &n->pending[++w->number % n->pending_max];
	}
	if (is_waited_for(p)) {
		check_fail(w, SIM_BROKEN, "too many calls");
	}
	*p = (struct pending){ .number = w->number, .tag = *tag };
	return p;
}

static void wait_for(struct world *w, struct node *n, const struct pending *p, dur_ns timeout)
{
	if (p->tag.part != AGENT_PART_ELECTION) {
		events_add(w, w->now + timeout, EVENT_TIMEOUT, n->index)->number = p->number;
	}
}

/* --- calls --- */

static void call(struct world *w, struct node *n, const struct agent_send *s, const struct node *to)
{
	static struct packet p; /* it is copied */
	struct pending *pending = take(w, n, &s->tag);

	pending->tag.to = to->id;
	pending->proc = s->proc;
	pending->departed = node_clock(w, n);
	p.kind = PACKET_CALL;
	p.from = n->index;
	p.to = to->index;
	p.number = pending->number;
	p.call = *s;
	p.call.head.to = to->id;
	p.call.tag.to = to->id;
	if (s->proc == GROUP_ELECTION) {
		p.call.election.message.to = to->id;
		if (s->election.message.voters) {
			p.voters = *s->election.message.voters;
		}
	}
	network_send(w, &p);
	wait_for(w, n, pending, s->timeout);
}

static void call_all(struct world *w, struct node *n, const struct agent_send *s)
{
	const struct voters *all = &n->agent.election.state.voters;

	for (int i = 0; i < w->n; i++) {
		if (&w->nodes[i] != n && voters_find(all, w->nodes[i].id) >= 0) {
			call(w, n, s, &w->nodes[i]);
		}
	}
}

/* Whether the rule was taken away that a removed member is told so. */
static bool is_untold(const struct world *w, const struct agent_send *s)
{
	const struct voters *e = s->proc == GROUP_ELECTION ? s->election.message.voters : NULL;

	return e && rules_lack(w, SIM_TELL) && voters_find(e, s->tag.to) < 0;
}

bool calls_send(struct world *w, struct node *n, const struct agent_send *s)
{
	const struct node *to = world_node_at(w, &s->at);

	if (s->tag.part == AGENT_PART_CYCLE && world_chance(w, w->full_permille)) {
		return false;
	}
	if (s->tag.to == MEMBER_NONE) {
		call_all(w, n, s);
	} else if (to && !is_untold(w, s)) {
		call(w, n, s, to);
	}
	return true;
}

void calls_measure(struct world *w, struct node *n, const struct agent_measure *m)
{
	static struct packet p;
	struct pending *pending = take(w, n, &m->tag);

	pending->measures = true;
	pending->departed = node_clock(w, n);
	p.kind = PACKET_MEASURE;
	p.from = n->index;
	p.to = world_node_at(w, &m->at)->index;
	p.number = pending->number;
	p.ts1 = pending->departed;
	network_send(w, &p);
	wait_for(w, n, pending, m->timeout);
}

/* --- answers --- */

static struct agent_event measurement(struct world *w, struct node *n, const struct pending *p,
				      const struct packet *answer)
{
	struct agent_event e = { .kind = AGENT_MEASURED };

	e.measured.tag = p->tag;
	if (answer) {
		e.measured.sample = (struct sample){
			.kind = SAMPLE_TIMESTAMPS,
			.t1 = p->departed,
			.t2 = answer->ts2,
			.t3 = answer->ts3,
			.t4 = node_clock(w, n),
		};
		e.measured.answered = sample_check(&e.measured.sample) == SAMPLE_OK;
	}
	return e;
}

/* What an answer says, as the process hands it in. */
static void open_answer(struct agent_answer *out, const struct packet *p,
			struct group_election *election)
{
	out->answered = true;
	out->head = p->reply.head;
	switch (out->proc) {
	case GROUP_POLL:
		out->poll = &p->reply.poll;
		break;
	case GROUP_ADJUST:
		out->outcome = p->reply.outcome;
		break;
	case GROUP_ELECTION:
		election->message = p->reply.election.message;
		election->told.n = 0;
		out->election = p->reply.election.has_answer ? election : NULL;
		break;
	case GROUP_STATUS:
		out->status = &p->status;
		break;
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		out->change = p->reply.answer;
		break;
	}
}

static void end(struct world *w, struct node *n, struct pending *p, const struct packet *answer)
{
	struct agent_event e = { .kind = AGENT_ANSWER };
	struct group_election election;

	if (p->measures) {
		e = measurement(w, n, p, answer);
	} else {
		e.answer.tag = p->tag;
		e.answer.proc = p->proc;
		e.answer.departed = p->departed;
		e.answer.arrived = node_clock(w, n);
		if (answer) {
			open_answer(&e.answer, answer, &election);
		}
	}
	p->number = 0;
	node_step(w, n, &e);
}

void calls_timeout(struct world *w, struct node *n, uint64_t number)
{
	struct pending *p = find(n, number);

	if (p) {
		end(w, n, p, NULL);
	}
}

/* --- what others ask --- */

/* A decoded call, as the process hands it in. */
static struct agent_event event_of(struct packet *p, struct group_election *election)
{
	struct agent_event e = { .kind = AGENT_CALL,
				 .call = { .proc = p->call.proc, .head = p->call.head } };

	switch (p->call.proc) {
	case GROUP_POLL:
		p->call.poll.head = p->call.head;
		e.call.poll = &p->call.poll;
		break;
	case GROUP_ADJUST:
		p->call.adjust.head = p->call.head;
		e.call.adjust = &p->call.adjust;
		break;
	case GROUP_ELECTION:
		election->message = p->call.election.message;
		election->told = p->call.election.told;
		e.call.election = election;
		break;
	case GROUP_STATUS:
		p->call.status.head = p->call.head;
		e.call.status = &p->call.status;
		break;
	case GROUP_JOIN:
	case GROUP_LEAVE:
	case GROUP_STEP_DOWN:
	case GROUP_RECOVER:
		p->call.change.head = p->call.head;
		e.call.change = &p->call.change;
		break;
	}
	return e;
}

static void answer(struct world *w, struct node *n, const struct packet *question)
{
	static struct packet p;

	p.kind = PACKET_REPLY;
	p.from = n->index;
	p.to = question->from;
	p.number = question->number;
	p.reply = n->reply;
	w->result->refused += n->reply.proc == GROUP_ADJUST && n->reply.outcome == GROUP_REFUSED;
	if (n->reply.proc == GROUP_POLL && !n->reply.poll.refused) {
		p.reply.poll.ts2 = node_clock(w, n);
		p.reply.poll.ts3 = p.reply.poll.ts2;
		check_handed_out(w, n, &n->reply.poll.nonce);
	}
	if (n->reply.proc == GROUP_STATUS) {
		p.status = *n->reply.status;
	}
	network_send(w, &p);
}

static void asked(struct world *w, struct node *n, struct packet *p)
{
	struct group_election election;
	struct agent_event e;

	rules_before_packet(w, n, p);
	e = event_of(p, &election);
	n->replied = false;
	if (p->call.proc == GROUP_ADJUST) {
		n->redeemed = p->call.adjust.nonce;
		n->from = p->call.head.from;
	}
	node_step(w, n, &e);
	/* One that sends before it saves may have crashed by now. */
	if ((n->up || rules_lack(w, SIM_SAVE_FIRST)) && n->replied && !n->reply.misdirected) {
		check_changed(w, n, p);
		answer(w, n, p);
	}
	rules_after_packet(w, n, p);
}

static void measured_by(struct world *w, const struct node *n, const struct packet *question)
{
	static struct packet p;

	p.kind = PACKET_MEASURED;
	p.from = n->index;
	p.to = question->from;
	p.number = question->number;
	p.ts1 = question->ts1;
	p.ts2 = node_clock(w, n);
	p.ts3 = p.ts2;
	network_send(w, &p);
}

void calls_receive(struct world *w, struct node *n, struct packet *p)
{
	struct pending *pending;

	switch (p->kind) {
	case PACKET_CALL:
		asked(w, n, p);
		break;
	case PACKET_MEASURE:
		measured_by(w, n, p);
		break;
	case PACKET_REPLY:
	case PACKET_MEASURED:
		pending = find(n, p->number);
		if (pending) {
			end(w, n, pending, p);
		}
		break;
	}
}
