/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_state.h"

/*
 * A leader gives its lease up 1/16 before the others may, as its clock may be slower than theirs.
 * A leader that is not confirmed yet has the same time to be.
 */
struct mono election_lease_end(const struct election *e)
{
	return mono_add(e->lease_from, e->setup.lease - e->setup.lease / 16);
}

bool election_may_act(const struct election *e, struct mono now)
{
	return e->role == ELECTION_LEADER && e->leased && !e->unsaved &&
	       !election_is_due(election_lease_end(e), now);
}

member_id election_leader(const struct election *e, struct mono now)
{
	bool self = e->leader == e->setup.self;

	if (self ? !election_may_act(e, now)
		 : election_is_due(mono_add(e->heard_at, e->setup.lease), now)) {
		return MEMBER_NONE;
	}
	return e->released < e->state.term ? e->leader : MEMBER_NONE;
}

const struct election_state *election_to_save(const struct election *e)
{
	return &e->state;
}

void election_saved(struct election *e)
{
	e->unsaved = false;
}

const char *election_verdict_text(enum election_verdict v)
{
	static const char *const texts[ELECTION_VERDICTS] = {
		[ELECTION_YES] = "agreed",
		[ELECTION_OLD_TERM] = "its term is over",
		[ELECTION_ABSURD] = "its term or version cannot be",
		[ELECTION_OTHER_LEASE] = "its lease is set to another length",
		[ELECTION_LEADER_LIVES] = "bound for up to one lease to a leader, or by a restart",
		[ELECTION_VOTED] = "another has the vote of this term",
		[ELECTION_OLD_VOTERS] = "it has missed a change of the members",
		[ELECTION_OTHER_VOTERS] = "it was started with another list of members",
		[ELECTION_SECOND_LEADER] = "it is not the leader of its term",
		[ELECTION_NOT_FOR_ME] = "it is meant for another member",
		[ELECTION_REPEATED] = "it is a repetition",
	};

	return (size_t)v < ELECTION_VERDICTS ? texts[v] : "unknown";
}

bool election_is_answer(const struct election_message *m)
{
	return m->kind == ELECTION_PROBE_ANSWER || m->kind == ELECTION_VOTE_ANSWER ||
	       m->kind == ELECTION_HEARTBEAT_ANSWER;
}
