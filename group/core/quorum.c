/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/quorum.h"

/* Elections take no longer, if a majority is there. */
#define PATIENCE_LEASES 4
#define SAY_EVERY       (60 * NS_PER_SEC)

static bool answers(const struct agent_context *c, member_id id)
{
	const struct group_member *m = group_members_known(c->members, id);

	return id == c->self ||
	       (m && m->was_heard &&
		mono_since(c->now, m->heard) <= QUORUM_HEARD_LEASES * c->settings->lease);
}

size_t quorum_answering(const struct agent_context *c, member_id *ids)
{
	const struct voters *all = context_voters(c);
	size_t n = 0;

	for (size_t i = 0; i < all->n; i++) {
		if (answers(c, all->id[i])) {
			if (ids) {
				ids[n] = all->id[i];
			}
			n++;
		}
	}
	return n;
}

void quorum_tick(struct quorum *q, const struct agent_context *c)
{
	const bool lost = context_is_member(c, c->self) &&
			  election_leader(c->election, c->now) == MEMBER_NONE;
	const member_id unheard = c->election->unheard;
	const struct group_member *leader;
	struct agent_note *note;

	if (lost && !q->lost) {
		q->since = c->now;
	}
	q->lost = lost;
	if (!lost || mono_since(c->now, q->since) < PATIENCE_LEASES * c->settings->lease ||
	    !seldom_is_due(&q->said, c->now, SAY_EVERY)) {
		return;
	}
	note = effects_note(c->out, AGENT_NOTE_NO_QUORUM);
	note->number = quorum_answering(c, NULL);
	note->other = context_voters(c)->n;
	note->duration = mono_since(c->now, q->since);
	leader = unheard != c->self && context_is_member(c, unheard) ? context_find(c, unheard)
								     : NULL;
	if (leader) {
		note->at = leader->at;
	}
}
