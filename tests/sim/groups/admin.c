/* SPDX-License-Identifier: BSD-3-Clause */
/* Administrators, who ask for the status and, with what that brings, for a change. */
#include <inttypes.h>

#include "tests/sim/groups/world.h"

#define TRIES   12
#define PAUSE   (100 * NS_PER_MS) /* at most */
#define TIMEOUT NS_PER_SEC

static void ask(struct world *w, int which, enum group_procedure proc,
		const struct ticket_nonce *nonce)
{
	static struct packet p;
	struct admin *a = &w->admins[which];
	const struct node *leader = &w->nodes[a->leader];

	p.kind = PACKET_CALL;
	p.from = ADMIN;
	p.to = leader->index;
	p.number = ++w->number;
	p.call = (struct agent_send){
		.proc = proc,
		.head = { .group = "sim", .to = leader->id },
	};
	if (nonce) {
		p.call.change.nonce = *nonce;
		p.call.change.address = a->member;
	}
	a->number = p.number;
	a->asked = proc;
	network_send(w, &p);
	events_add(w, w->now + TIMEOUT, EVENT_ADMIN, which)->number = p.number;
}

void admin_start(struct world *w, int which)
{
	struct admin *a = &w->admins[which];
	const struct node *leader = node_leader(w);
	const struct node *member = &w->nodes[world_random(w, 0, w->n - 1)];
	const bool steps_down = world_chance(w, 100);
	bool is_in;

	if (a->busy || !leader || w->options.forgetful) {
		return;
	}
	is_in = voters_find(&leader->agent.election.state.voters, member->id) >= 0;
	*a = (struct admin){
		.busy = true,
		.leader = leader->index,
		.proc = steps_down ? GROUP_STEP_DOWN
			: is_in    ? GROUP_LEAVE
				   : GROUP_JOIN,
		.member = member->at,
	};
	world_trace(w, "an administrator wants procedure %d of %" PRIx64 " for %" PRIx64,
		    (int)a->proc, leader->id, member->id);
	ask(w, which, GROUP_STATUS, NULL);
}

/* A try has come to nothing: another, or none. */
static void again(struct world *w, int which)
{
	struct admin *a = &w->admins[which];

	a->number = 0;
	a->busy = ++a->tries < TRIES && !w->calm;
	if (a->busy) {
		events_add(w, w->now + world_random(w, 0, PAUSE), EVENT_ADMIN, which)->number = 0;
	}
}

void admin_wake(struct world *w, int which, uint64_t number)
{
	struct admin *a = &w->admins[which];

	if (!a->busy || a->number != number) {
		return;
	}
	if (number == 0) {
		ask(w, which, GROUP_STATUS, NULL);
	} else { /* no answer has come in time, and one that comes now is too late */
		again(w, which);
	}
}

static void answered(struct world *w, int which, const struct packet *p)
{
	struct admin *a = &w->admins[which];

	if (a->asked == GROUP_STATUS) {
		ask(w, which, a->proc, &p->status.nonce);
		return;
	}
	world_trace(w, "an administrator is answered %d", (int)p->reply.answer);
	if (p->reply.answer == GROUP_TRY_AGAIN || p->reply.answer == GROUP_OLD_NONCE) {
		again(w, which);
		return;
	}
	w->result->changes += p->reply.answer == GROUP_DONE;
	a->busy = false;
}

/* The answer to one of them, the first one that comes. */
void admin_receive(struct world *w, const struct packet *p)
{
	for (int i = 0; i < ADMINS; i++) {
		if (w->admins[i].busy && w->admins[i].number == p->number) {
			w->admins[i].number = 0;
			answered(w, i, p);
			return;
		}
	}
}
