/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/context.h"

#include <string.h>

#define SAY_EVERY (60 * NS_PER_SEC)

struct ticket_nonce context_nonce(const struct agent_context *c)
{
	struct ticket_nonce nonce;

	c->settings->random(c->settings->random_arg, nonce.byte, sizeof(nonce.byte));
	return nonce;
}

dur_ns context_pause(const struct agent_context *c, dur_ns longest)
{
	const struct ticket_nonce random = context_nonce(c);

	return longest - longest / 512 * random.byte[0];
}

struct group_head context_head(const struct agent_context *c, member_id to)
{
	struct group_head h = { .from = c->self, .to = to, .term = c->election->state.term };

	memcpy(h.group, c->settings->name, sizeof(h.group));
	return h;
}

dur_ns context_timeout(const struct agent_context *c)
{
	return c->settings->cycle / 3 < NS_PER_SEC ? c->settings->cycle / 3 : NS_PER_SEC;
}

const struct voters *context_voters(const struct agent_context *c)
{
	return &c->election->state.voters;
}

bool context_is_member(const struct agent_context *c, member_id id)
{
	return voters_find(context_voters(c), id) >= 0;
}

struct group_member *context_find(const struct agent_context *c, member_id id)
{
	return group_members_find(c->members, id, context_voters(c), c->self);
}

void context_refuse(const struct agent_context *c, enum group_count what, member_id from,
		    const char *why)
{
	const struct group_member *m = group_members_known(c->members, from);
	struct agent_counts *counts = c->counts;
	struct agent_note *note;

	counts->count[what]++;
	if (!seldom_is_due(&counts->said[what], c->now, SAY_EVERY)) {
		return;
	}
	note = effects_note(c->out, AGENT_NOTE_REFUSED);
	note->at = m ? m->at : (struct member_address){ .port = 0 };
	note->text = why;
	note->number = counts->count[what];
}

struct agent_send *context_call(const struct agent_context *c, enum agent_part part,
				const struct member_address *to, enum group_procedure proc)
{
	struct agent_send *s = &effects_add(c->out, AGENT_SEND)->send;

	s->tag.part = part;
	s->tag.to = member_id_of(to);
	s->at = *to;
	s->proc = proc;
	s->timeout = context_timeout(c);
	s->head = context_head(c, s->tag.to);
	return s;
}

void context_ask_status(const struct agent_context *c, enum agent_part part, size_t place,
			const struct member_address *to, dur_ns patience)
{
	struct agent_send *s = context_call(c, part, to, GROUP_STATUS);

	s->tag.place = place;
	s->timeout = s->timeout > patience ? s->timeout : patience;
	s->status.once = context_nonce(c);
}

/* --- the election's messages --- */

/*
 * The addresses of this member and, some at a time, of the others: the list of voters names members
 * by their ids, which do not tell the addresses on IPv6.
 */
static void tell(const struct agent_context *c, struct group_told *out)
{
	const struct group_members *m = c->members;
	const size_t next = (size_t)c->election->serial * (GROUP_TOLD - 1);

	if (c->settings->self.is_v4) {
		return;
	}
	out->at[out->n++] = c->settings->self;
	for (size_t i = 0; i < m->n && out->n < GROUP_TOLD; i++) {
		const struct group_member *other = &m->member[(next + i) % m->n];

		if (other->id != c->self && context_is_member(c, other->id)) {
			out->at[out->n++] = other->at;
		}
	}
}

/* A message that cannot be sent is lost; elections tolerate that. */
static void send(const struct agent_context *c, const struct election_message *m)
{
	const struct voters *all = context_voters(c);
	const struct group_member *to = context_find(c, m->to);
	const struct member_address nowhere = { .port = 0 };
	struct agent_send *s;

	if (m->to != MEMBER_NONE && !to) {
		return;
	}
	for (size_t i = 0; m->to == MEMBER_NONE && i < all->n; i++) {
		(void)context_find(c, all->id[i]);
	}
	s = context_call(c, AGENT_PART_ELECTION, to ? &to->at : &nowhere, GROUP_ELECTION);
	s->tag.to = m->to;
	s->timeout = c->settings->lease / 2;
	s->election.message = *m;
	tell(c, &s->election.told);
}

bool context_perform(const struct agent_context *c, const struct election_actions *actions,
		     member_id asker, struct election_message *answer)
{
	bool has_answer = false;

	*c->save = *c->save || actions->save;
	for (size_t i = 0; i < actions->n; i++) {
		const struct election_message *m = &actions->send[i];

		if (answer && election_is_answer(m) && m->to == asker) {
			*answer = *m;
			has_answer = true;
		} else if (m->to != c->self) {
			send(c, m);
		}
	}
	return has_answer;
}
