/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/rivals.h"

/* From one question to the next, for a group of one: in leases the first time, and at most. */
#define FIRST_PAUSE_LEASES 4
#define LONGEST_PAUSE      (3600 * NS_PER_SEC)
/* A warning is repeated after this time. */
#define SAY_EVERY (3600 * NS_PER_SEC)

/* Whether we belong to a group, and it has a leader. */
static bool is_settled(const struct agent_context *c)
{
	return context_is_member(c, c->self) && election_leader(c->election, c->now) != MEMBER_NONE;
}

/* And this is one who does not belong to it. */
static bool is_foreign(const struct agent_context *c, member_id id)
{
	return id != MEMBER_NONE && !context_is_member(c, id) && is_settled(c);
}

/* --- what they answer --- */

/* `leader` may act as the leader of a group of our name: it has said so, under our key. */
static void found(struct rivals *r, const struct agent_context *c, const struct candidate *leader,
		  const struct group_status *s)
{
	struct agent_note *note;

	c->counts->count[GROUP_COUNT_RIVALS]++;
	if (r->said == leader->id && mono_since(c->now, r->said_at) < SAY_EVERY) {
		return;
	}
	r->said = leader->id;
	r->said_at = c->now;
	note = effects_note(c->out, AGENT_NOTE_RIVAL);
	note->at = leader->at;
	note->number = s->total;
	note->other = context_voters(c)->n;
}

void rivals_status(struct rivals *r, const struct agent_context *c, const struct agent_tag *tag,
		   const struct group_status *s)
{
	const struct candidate *candidate = candidates_answered(&r->candidates, tag);
	struct member_address leader;

	if (!candidate || !s) {
		return;
	}
	if (s->leads) {
		if (is_foreign(c, candidate->id)) {
			found(r, c, candidate, s);
		}
	} else if (r->asking && s->leader != candidate->id && is_foreign(c, s->leader) &&
		   member_address_of(&leader, s->leader)) {
		candidates_ask(&r->candidates, c, &leader);
	}
}

void rivals_suspect(struct rivals *r, const struct agent_context *c, member_id asker)
{
	struct member_address at;

	if (c->settings->watch && mono_since(c->now, r->suspect_after) >= 0 &&
	    is_foreign(c, asker) && member_address_of(&at, asker)) {
		r->suspect_after = mono_add(c->now, c->settings->lease);
		candidates_ask(&r->candidates, c, &at);
	}
}

void rivals_found(struct rivals *r, const struct agent_context *c, const struct member_address *at)
{
	if (r->asking && is_foreign(c, member_id_of(at))) {
		candidates_ask(&r->candidates, c, at);
	}
}

/* --- questions --- */

/* In a large group each member asks less often, and all at times of their own. */
static void wait_for_turn(struct rivals *r, const struct agent_context *c)
{
	const struct ticket_nonce random = context_nonce(c);
	const dur_ns pause = r->pause * (dur_ns)context_voters(c)->n;

	r->pause = r->pause * 2 < LONGEST_PAUSE ? r->pause * 2 : LONGEST_PAUSE;
	r->at = mono_add(c->now, pause / 2 + pause / 256 * random.byte[0]);
}

void rivals_start(struct rivals *r, const struct agent_context *c)
{
	r->candidates.part = AGENT_PART_RIVALS;
	r->at = mono_add(c->now, c->settings->lease);
	r->pause = FIRST_PAUSE_LEASES * c->settings->lease;
	r->suspect_after = c->now;
}

void rivals_searched(struct rivals *r, const struct agent_context *c, int error)
{
	if (r->asking && error != 0) { /* a machine that is on no network */
		r->asking = false;
		wait_for_turn(r, c);
	}
}

void rivals_tick(struct rivals *r, const struct agent_context *c)
{
	if (!c->settings->watch || mono_since(c->now, r->at) < 0) {
		return;
	}
	if (r->asking) {
		r->asking = false;
		(void)effects_add(c->out, AGENT_SEARCH_END);
		wait_for_turn(r, c);
	} else if (!is_settled(c)) {
		r->at = mono_add(c->now, c->settings->lease);
	} else {
		r->asking = true;
		(void)effects_add(c->out, AGENT_SEARCH);
		r->at = mono_add(c->now, context_timeout(c));
	}
}

struct mono rivals_next(const struct rivals *r, const struct agent_context *c)
{
	return c->settings->watch ? r->at : mono_add(c->now, 3600 * NS_PER_SEC);
}
