/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_voter.h"

#include "group/core/election_candidate.h"
#include "group/core/election_leader.h"

static enum election_verdict compare_voters(const struct election *e,
					    const struct election_message *m)
{
	switch (voters_compare(m->stamp, e->state.voters.stamp)) {
	case VOTERS_OLDER:
		return ELECTION_OLD_VOTERS;
	case VOTERS_CONTRARY:
		return ELECTION_OTHER_VOTERS;
	case VOTERS_SAME:
	case VOTERS_NEWER:
		break;
	}
	return ELECTION_YES;
}

/* Whether it would take the place of a lower leader that still has to agree. */
static bool is_takeover(const struct election *e, const struct election_message *m)
{
	return m->takeover && m->term == e->state.term && e->leader < m->from;
}

enum election_verdict election_on_probe(struct election *e, const struct election_message *m,
					struct mono now, struct election_actions *out)
{
	/*
	 * So a member that was removed while it was away finds out. Not at each probe: the list is
	 * longer than the probe, and anybody who has heard a probe can repeat it.
	 */
	if (e->role == ELECTION_LEADER && mono_since(now, e->tell_at) >= 0 &&
	    compare_voters(e, m) == ELECTION_OLD_VOTERS) {
		e->tell_at = mono_add(now, e->setup.lease / 16);
		election_send_voters(e, m->from, out);
	}
	if (m->term < e->state.term) {
		return ELECTION_OLD_TERM;
	}
	if (election_bound(e, m->from, now) && !is_takeover(e, m)) {
		return ELECTION_LEADER_LIVES;
	}
	return compare_voters(e, m);
}

enum election_verdict election_on_vote(struct election *e, const struct election_message *m,
				       struct mono now, struct election_actions *out)
{
	const struct election_state *s = &e->state;
	enum election_verdict verdict = compare_voters(e, m);

	(void)out;
	if (m->term < s->term) {
		return ELECTION_OLD_TERM;
	}
	if (m->term == s->term && s->voted_for != MEMBER_NONE && s->voted_for != m->from) {
		return ELECTION_VOTED;
	}
	/* A refusal leaves the term alone: else a member that was cut off could end the term of a
	 * good leader.
	 */
	if (election_bound(e, m->from, now)) {
		return ELECTION_LEADER_LIVES;
	}
	if (verdict != ELECTION_YES) {
		return verdict;
	}
	if (m->term > s->term) {
		election_enter(e, m->term, now);
	}
	e->unsaved = e->unsaved || s->voted_for != m->from;
	e->state.voted_for = m->from;
	election_wait(e, e->setup.lease / 2, now);
	return ELECTION_YES;
}

/* Whether `from` leads `term` as far as this member knows. Enters that term if it is new. */
enum election_verdict election_follow(struct election *e, member_id from, uint64_t term,
				      struct mono now)
{
	if (term < e->state.term) {
		return ELECTION_OLD_TERM;
	}
	if (term > e->state.term) {
		election_enter(e, term, now);
	}
	if (e->leader != MEMBER_NONE && e->leader != from) {
		return ELECTION_SECOND_LEADER;
	}
	if (e->leader == MEMBER_NONE) {
		e->leader = from;
		e->heard_at = now;
		e->claim_at = mono_add(now, 2 * e->setup.lease);
		election_wait(e, e->setup.lease, now);
	}
	return ELECTION_YES;
}

/* Whether that serial number is newer than all before; then it is the newest. */
bool election_is_new(struct election *e, uint64_t *newest, uint64_t serial, struct mono now)
{
	if (serial <= *newest) {
		return false;
	}
	*newest = serial;
	e->heard_at = now;
	return true;
}

/* Let no vote be cast against the leader for a lease from now on. */
static void promise(struct election *e, struct mono now)
{
	e->promised_to = e->leader;
	e->promised_until = mono_add(now, e->setup.lease);
	if (e->role == ELECTION_CLAIMING) {
		e->stand_at = mono_add(e->promised_until, election_delay(e));
	} else {
		election_wait(e, e->setup.lease, now);
	}
}

enum election_verdict election_on_heartbeat(struct election *e, const struct election_message *m,
					    struct mono now, struct election_actions *out)
{
	struct voters_stamp *stamp = &e->state.voters.stamp;
	enum election_verdict verdict = election_follow(e, m->from, m->term, now);

	(void)out;
	if (verdict != ELECTION_YES) {
		return verdict;
	}
	if (election_is_new(e, &e->heard, m->serial, now)) {
		promise(e, now);
	}
	/* The same list under a newer stamp needs not be sent. */
	if (m->stamp.digest == stamp->digest && voters_compare(m->stamp, *stamp) == VOTERS_NEWER) {
		*stamp = m->stamp;
		e->unsaved = true;
	}
	return ELECTION_YES;
}

enum election_verdict election_on_voters(struct election *e, const struct election_message *m,
					 struct mono now, struct election_actions *out)
{
	enum election_verdict verdict;

	(void)out;
	if (!m->voters || m->voters->stamp.term != m->term) {
		return ELECTION_ABSURD;
	}
	verdict = election_follow(e, m->from, m->term, now);
	if (verdict != ELECTION_YES) {
		return verdict;
	}
	if (voters_compare(m->voters->stamp, e->state.voters.stamp) == VOTERS_NEWER) {
		e->state.voters = *m->voters;
		e->heard_at = now;
		e->unsaved = true;
		/* The answers are counted by places in the old list: begin again. */
		if (e->role != ELECTION_FOLLOWER) {
			election_wait(e, e->setup.lease, now);
		}
	}
	return ELECTION_YES;
}

enum election_verdict election_on_resign(struct election *e, const struct election_message *m,
					 struct mono now, struct election_actions *out)
{
	if (m->term < e->state.term) {
		return ELECTION_OLD_TERM;
	}
	if (m->term > e->state.term) {
		return ELECTION_YES; /* what counts, that it has released its term, is noted */
	}
	if (m->from != e->leader) {
		return ELECTION_SECOND_LEADER;
	}
	if (m->successor == e->setup.self && election_can_stand(e, now)) {
		election_stand(e, now, out);
	} else {
		election_wait(e, election_stagger(e), now);
	}
	return ELECTION_YES;
}
