/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/likeness.h"

#define ASK_EVERY (60 * NS_PER_SEC)
#define SAY_EVERY (60 * NS_PER_SEC)
#define PATIENCE  NS_PER_SEC

/* A member has to ask for as long as it is one, and there are others. */
static bool asks(const struct agent_context *c)
{
	return context_is_member(c, c->self) && context_voters(c)->n > 1;
}

/* The next but this one, in the order of the list. */
static member_id next_voter(struct likeness *k, const struct agent_context *c)
{
	const struct voters *all = context_voters(c);
	member_id id;

	do {
		k->all_asked = k->all_asked || k->next >= all->n;
		k->next = k->next >= all->n ? 0 : k->next;
		id = all->id[k->next++];
	} while (id == c->self);
	return id;
}

/* Without a leader any of the others may be the one that differs. */
static bool asks_leader_only(const struct agent_context *c)
{
	const member_id leader = election_leader(c->election, c->now);

	return leader != MEMBER_NONE && leader != c->self;
}

/* All of them in a minute; at first sooner, as an operator looks at the log after a start. */
static dur_ns pause_of(const struct likeness *k, const struct agent_context *c)
{
	const dur_ns share = ASK_EVERY / (dur_ns)(context_voters(c)->n - 1);
	const dur_ns soon = c->settings->lease / 2;

	if (asks_leader_only(c)) {
		return ASK_EVERY;
	}
	return !k->all_asked && soon < share ? soon : share;
}

void likeness_tick(struct likeness *k, const struct agent_context *c)
{
	const struct group_member *m;

	if (!asks(c) || mono_since(c->now, k->at) < 0) {
		return;
	}
	k->at = mono_add(c->now, pause_of(k, c));
	m = context_find(c, asks_leader_only(c) ? election_leader(c->election, c->now)
						: next_voter(k, c));
	if (m) {
		context_ask_status(c, AGENT_PART_LIKENESS, (size_t)(m - c->members->member), &m->at,
				   PATIENCE);
	}
}

/* Note one setting of a member that may differ; and log it, if `say`. */
static void compare(struct group_member *m, const struct agent_context *c, enum group_setting which,
		    dur_ns theirs, dur_ns ours, bool say)
{
	struct agent_note *note;

	if (theirs == ours) {
		m->unlike &= ~(1U << which);
		return;
	}
	m->unlike |= 1U << which;
	if (say) {
		note = effects_note(c->out, AGENT_NOTE_UNLIKE);
		note->at = m->at;
		note->number = which;
		note->duration = theirs;
		note->other = (uint64_t)ours;
	}
}

void likeness_status(const struct agent_context *c, const struct agent_tag *tag,
		     const struct group_status *s)
{
	struct group_member *m = group_members_at(c->members, tag->place, tag->to);
	const struct agent_settings *own = c->settings;
	bool differs, say;

	if (!m || !s) {
		return;
	}
	differs = s->lease != own->lease || s->cycle != own->cycle ||
		  s->tolerance != own->tolerance || s->max_correction != own->max_correction;
	say = differs && seldom_is_due(&m->said_unlike, c->now, SAY_EVERY);
	compare(m, c, GROUP_SETTING_LEASE, s->lease, own->lease, say);
	compare(m, c, GROUP_SETTING_CYCLE, s->cycle, own->cycle, say);
	compare(m, c, GROUP_SETTING_TOLERANCE, s->tolerance, own->tolerance, say);
	compare(m, c, GROUP_SETTING_MAX_CORRECTION, s->max_correction, own->max_correction, say);
}

struct mono likeness_next(const struct likeness *k, const struct agent_context *c)
{
	return k->at.ns > c->now.ns ? k->at : mono_add(c->now, ASK_EVERY);
}
