/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/finder.h"

/* From one question to the next: the first time, and at most. */
#define FIRST_PAUSE   NS_PER_SEC
#define LONGEST_PAUSE (16 * NS_PER_SEC)
/* One complaint, then none for so long. */
#define COMPLAIN_EVERY (60 * NS_PER_SEC)
/* After so many questions without an answer, log that. */
#define QUIET_QUESTIONS 4

/* --- those that answer --- */

/* Log a complaint about a group that was found. Null: one was logged just before. */
static struct agent_note *complain(struct finder *f, const struct agent_context *c,
				   enum agent_note_kind kind, const struct member_address *at)
{
	struct agent_note *note;

	if (!seldom_is_due(&f->complained, c->now, COMPLAIN_EVERY)) {
		return NULL;
	}
	note = effects_note(c->out, kind);
	note->at = *at;
	return note;
}

/* One with another lease refuses the leader's heartbeats, but would count in its majorities. */
static bool has_our_lease(struct finder *f, const struct agent_context *c,
			  const struct candidate *leader, const struct group_status *s)
{
	struct agent_note *note;

	if (s->lease == c->settings->lease) {
		return true;
	}
	note = complain(f, c, AGENT_NOTE_OTHER_LEASE, &leader->at);
	if (note) {
		note->duration = s->lease;
	}
	return false;
}

/*
 * Ask it, unless somebody else may be letting us in. If there are two groups of our name, we would
 * count in the majorities of both, and answer in one only. The list of voters comes within a lease.
 */
static void ask_to_join(struct finder *f, const struct agent_context *c, struct candidate *leader,
			const struct group_status *s)
{
	struct agent_send *join;

	if (mono_since(c->now, f->join_after) < 0) {
		return;
	}
	join = context_call(c, AGENT_PART_FINDER, &leader->at, GROUP_JOIN);
	join->tag.place = (size_t)(leader - f->candidates.candidate);
	join->change.nonce = s->nonce;
	join->change.address = c->settings->self;
	leader->asked = true;
	f->join_after = mono_add(c->now, context_timeout(c) + c->settings->lease);
}

void finder_status(struct finder *f, const struct agent_context *c, const struct agent_tag *tag,
		   const struct group_status *s)
{
	struct candidate *candidate = candidates_answered(&f->candidates, tag);
	struct member_address leader;

	if (!candidate || !s || !f->looking) {
		return;
	}
	if (s->leads) {
		f->questions = 0;
		f->answered = false;
		if (has_our_lease(f, c, candidate, s)) {
			ask_to_join(f, c, candidate, s);
		}
		return;
	}
	/* Not by those that look for it as we do. */
	f->answered = f->answered || s->total > 0;
	if (s->leader != candidate->id && member_address_of(&leader, s->leader)) {
		candidates_ask(&f->candidates, c, &leader);
	}
}

/* A leader has let us in; complain if one did so before, and no list of voters came. */
static void say_let_in(struct finder *f, const struct agent_context *c,
		       const struct candidate *leader)
{
	if (f->was_let_in) {
		(void)complain(f, c, AGENT_NOTE_UNHEARD, &leader->at);
	} else {
		effects_note(c->out, AGENT_NOTE_JOINED)->at = leader->at;
	}
	f->was_let_in = true;
}

/*
 * Others were let in meanwhile, or somebody else leads now. The pause is random, so members that
 * were refused together do not come back together.
 */
static void ask_again_soon(struct finder *f, const struct agent_context *c)
{
	const struct ticket_nonce random = context_nonce(c);

	f->pause = FIRST_PAUSE;
	f->at = mono_add(c->now, FIRST_PAUSE * (1 + random.byte[0]) / 256);
}

/* The reason why it does not let us in, if that lasts; or null. */
static const char *why_not(enum group_answer answer)
{
	static const char *const why[GROUP_ANSWERS] = {
		[GROUP_FULL] = "the group is full",
		[GROUP_IMPOSSIBLE] = "it cannot reach us",
		[GROUP_UNREACHABLE] = "it cannot reach us",
		[GROUP_OTHER_LEASE] = "it has another --lease",
		[GROUP_NOT_SAVED] = "it cannot save its state",
	};

	return why[answer];
}

void finder_joined(struct finder *f, const struct agent_context *c, const struct agent_tag *tag,
		   const enum group_answer *answer)
{
	struct candidate *leader = candidates_answered(&f->candidates, tag);
	struct agent_note *note;
	const char *why;

	if (!leader || !answer) {
		return; /* it may have let us in all the same */
	}
	if (*answer == GROUP_DONE || *answer == GROUP_EXISTS) {
		say_let_in(f, c, leader);
		return;
	}
	f->join_after = c->now;
	why = why_not(*answer);
	if (!why) {
		ask_again_soon(f, c);
		return;
	}
	f->at = mono_add(c->now, LONGEST_PAUSE);
	note = complain(f, c, AGENT_NOTE_NOT_LET_IN, &leader->at);
	if (note) {
		note->text = why;
	}
}

/* --- questions --- */

void finder_start(struct finder *f, const struct agent_context *c)
{
	f->candidates.part = AGENT_PART_FINDER;
	f->looking = c->settings->discover && context_voters(c)->n == 0;
	f->at = c->now;
	f->pause = FIRST_PAUSE;
}

void finder_searched(struct finder *f, const struct agent_context *c, int error)
{
	if (!f->looking || f->questions != QUIET_QUESTIONS) {
		return;
	}
	if (f->answered) {
		(void)effects_note(c->out, AGENT_NOTE_NOBODY_LEADS);
	} else {
		effects_note(c->out, AGENT_NOTE_NOBODY_ANSWERS)->error = error;
	}
}

void finder_found(struct finder *f, const struct agent_context *c, const struct member_address *at)
{
	if (f->looking) {
		candidates_ask(&f->candidates, c, at);
	}
}

void finder_tick(struct finder *f, const struct agent_context *c)
{
	if (!f->looking) {
		return;
	}
	if (context_voters(c)->n > 0) {
		f->looking = false;
		(void)effects_add(c->out, AGENT_SEARCH_END);
		return;
	}
	if (mono_since(c->now, f->at) < 0) {
		return;
	}
	if (!f->began) {
		(void)effects_note(c->out, AGENT_NOTE_LOOKING);
	}
	f->began = true;
	(void)effects_add(c->out, AGENT_SEARCH);
	f->questions++;
	f->at = mono_add(c->now, context_pause(c, f->pause));
	f->pause = f->pause * 2 < LONGEST_PAUSE ? f->pause * 2 : LONGEST_PAUSE;
}

struct mono finder_next(const struct finder *f, const struct agent_context *c)
{
	return f->looking ? f->at : mono_add(c->now, 3600 * NS_PER_SEC);
}
