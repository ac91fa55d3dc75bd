/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_candidate.h"

#include <stddef.h>

#include "group/core/election_leader.h"

/* Members that are not on the list and are asked in one attempt. */
#define MOST_REFERRALS 8

static void ask(const struct election *e, struct election_actions *out)
{
	enum election_kind kind = e->role == ELECTION_CANDIDATE ? ELECTION_VOTE : ELECTION_PROBE;

	election_send(e, out, kind, MEMBER_NONE)->takeover = e->role == ELECTION_CLAIMING;
}

/* An attempt begins: whether nobody else has to be asked. */
static bool begin(struct election *e, enum election_role role, struct mono now)
{
	e->role = role;
	e->serial++;
	e->yes = election_tally(e);
	e->attempt_ends = mono_add(now, e->setup.lease / 4);
	e->repeat_at = mono_add(now, e->setup.lease / 16);
	return election_suffices(e, &e->yes);
}

void election_stand(struct election *e, struct mono now, struct election_actions *out)
{
	election_enter(e, e->state.term + 1, now);
	e->state.voted_for = e->setup.self;
	if (begin(e, ELECTION_CANDIDATE, now)) {
		election_lead(e, now, out);
	} else {
		ask(e, out);
	}
}

/* A majority has said yes. */
static void proceed(struct election *e, struct mono now, struct election_actions *out)
{
	switch (e->role) {
	case ELECTION_PROBING:
		election_stand(e, now, out);
		break;
	case ELECTION_CLAIMING:
		election_send(e, out, ELECTION_CLAIM, e->leader);
		break;
	case ELECTION_CANDIDATE:
		election_lead(e, now, out);
		break;
	case ELECTION_FOLLOWER:
	case ELECTION_LEADER:
		break;
	}
}

void election_probe(struct election *e, enum election_role role, struct mono now,
		    struct election_actions *out)
{
	if (begin(e, role, now)) {
		proceed(e, now, out);
	} else {
		ask(e, out);
	}
}

void election_repeat(struct election *e, struct mono now, struct election_actions *out)
{
	e->repeat_at = mono_add(now, e->setup.lease / 16);
	if (election_suffices(e, &e->yes)) {
		proceed(e, now, out);
	} else {
		ask(e, out);
	}
}

static bool is_awaited(const struct election *e, const struct election_message *m)
{
	if (m->serial != e->serial || m->verdict != ELECTION_YES) {
		return false;
	}
	if (m->kind == ELECTION_VOTE_ANSWER) {
		return e->role == ELECTION_CANDIDATE && m->term == e->state.term;
	}
	return e->role == ELECTION_PROBING || e->role == ELECTION_CLAIMING;
}

/* Perhaps nobody on an old list leads any more: the leader says whether this member was removed. */
static void ask_stranger(struct election *e, const struct election_message *m,
			 struct election_actions *out)
{
	if (e->role != ELECTION_PROBING || m->serial != e->serial || m->successor == MEMBER_NONE ||
	    voters_find(&e->state.voters, m->successor) >= 0) {
		return;
	}
	if (e->referred != e->serial) {
		e->referred = e->serial;
		e->referrals = 0;
		e->referred_to = MEMBER_NONE;
	}
	/* Not for each answer; but that member may know only another that knows the leader. */
	if (m->successor != e->referred_to && e->referrals < MOST_REFERRALS) {
		e->referrals++;
		e->referred_to = m->successor;
		election_send(e, out, ELECTION_PROBE, m->successor);
	}
}

/* Note whether others follow a leader that this member does not hear. */
static void note_unheard(struct election *e, const struct election_message *m)
{
	if (m->kind == ELECTION_PROBE_ANSWER && m->serial == e->serial) {
		e->unheard = m->verdict == ELECTION_LEADER_LIVES ? m->successor : MEMBER_NONE;
	}
}

enum election_verdict election_on_candidate_answer(struct election *e,
						   const struct election_message *m,
						   struct mono now, struct election_actions *out)
{
	int place = voters_find(&e->state.voters, m->from);

	note_unheard(e, m);
	if (m->term > e->state.term) {
		election_enter(e, m->term, now);
		return ELECTION_YES;
	}
	if (m->kind == ELECTION_PROBE_ANSWER &&
	    (place >= 0 || (e->referred == e->serial && m->from == e->referred_to))) {
		ask_stranger(e, m, out);
	}
	if (place < 0 || !is_awaited(e, m) || election_suffices(e, &e->yes)) {
		return ELECTION_YES;
	}
	tally_add(&e->yes, place);
	if (election_suffices(e, &e->yes)) {
		proceed(e, now, out);
	}
	return ELECTION_YES;
}
