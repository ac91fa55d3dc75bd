/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_private.h"

#include <stddef.h>

/* So many changes of the members that one has missed are more than there can be. */
#define GREATEST_MISSED (UINT64_C(1) << 32)

struct election_message *election_send(const struct election *e, struct election_actions *out,
				       enum election_kind kind, member_id to)
{
	struct election_message *m = &out->send[out->n++];

	*m = (struct election_message){
		.kind = kind,
		.from = e->setup.self,
		.to = to,
		.term = e->state.term,
		.serial = e->serial,
		.released = e->released < e->state.term ? e->released : e->state.term,
		.lease = e->setup.lease,
		.stamp = e->state.electorate.stamp,
	};
	return m;
}

/*
 * A member that was removed before the leader was added does not know whom to ask. Neither may this
 * member: then somebody of its newer electorate does.
 */
static member_id whom_to_ask(const struct election *e, const struct election_message *question)
{
	const struct electorate *all = &e->state.electorate;

	if (e->leader != MEMBER_NONE || all->n == 0 ||
	    electorate_compare(question->stamp, all->stamp) != ELECTORATE_OLDER) {
		return e->leader;
	}
	return all->id[all->n - 1] != e->setup.self ? all->id[all->n - 1] : MEMBER_NONE;
}

void election_answer(const struct election *e, const struct election_message *question,
		     enum election_verdict verdict, struct election_actions *out)
{
	struct election_message *m;
	enum election_kind kind;

	switch (question->kind) {
	case ELECTION_PROBE:
		kind = ELECTION_PROBE_ANSWER;
		break;
	case ELECTION_VOTE:
		kind = ELECTION_VOTE_ANSWER;
		break;
	case ELECTION_BEAT:
	case ELECTION_ELECTORATE:
		kind = ELECTION_BEAT_ANSWER;
		break;
	case ELECTION_PROBE_ANSWER:
	case ELECTION_VOTE_ANSWER:
	case ELECTION_BEAT_ANSWER:
	case ELECTION_CLAIM:
	case ELECTION_RESIGN:
	case ELECTION_KINDS:
	default:
		return;
	}
	m = election_send(e, out, kind, question->from);
	m->serial = question->serial;
	m->verdict = verdict;
	if (kind == ELECTION_PROBE_ANSWER && verdict != ELECTION_YES) {
		m->successor = whom_to_ask(e, question);
	}
}

/* Whether there can be such an electorate: a leader stamps it with its own term. */
static bool stamp_is_sane(const struct election *e, const struct election_message *m)
{
	const uint64_t version = e->state.electorate.stamp.version;

	return m->stamp.term <= m->term &&
	       (m->stamp.version <= version || m->stamp.version - version <= GREATEST_MISSED);
}

/* What keeps a message from being looked at any further. */
static enum election_verdict vet(const struct election *e, const struct election_message *m,
				 struct mono now)
{
	if (!election_term_is_sane(e, m->term, now) || !stamp_is_sane(e, m) ||
	    m->released > m->term) {
		return ELECTION_ABSURD;
	}
	return m->lease == e->setup.lease ? ELECTION_YES : ELECTION_OTHER_LEASE;
}

/* A leader that leads no more holds nobody to a promise of its term. */
static void note_released(struct election *e, uint64_t released, struct mono now)
{
	if (released <= e->released) {
		return;
	}
	e->released = released;
	if (released >= e->state.term && mono_since(e->promised_until, now) > 0) {
		e->promised_until = now;
	}
}

static election_handler *const handlers[ELECTION_KINDS] = {
	[ELECTION_PROBE] = election_on_probe,
	[ELECTION_PROBE_ANSWER] = election_on_candidate_answer,
	[ELECTION_VOTE] = election_on_vote,
	[ELECTION_VOTE_ANSWER] = election_on_candidate_answer,
	[ELECTION_BEAT] = election_on_beat,
	[ELECTION_BEAT_ANSWER] = election_on_beat_answer,
	[ELECTION_ELECTORATE] = election_on_electorate,
	[ELECTION_CLAIM] = election_on_claim,
	[ELECTION_RESIGN] = election_on_resign,
};

enum election_verdict election_receive(struct election *e, const struct election_message *m,
				       struct mono now, struct election_actions *out)
{
	enum election_verdict verdict;

	election_begin(e, now, out);
	if (m->to != e->setup.self || m->from == e->setup.self || m->from == MEMBER_NONE) {
		verdict = ELECTION_NOT_FOR_ME;
	} else if ((size_t)m->kind >= ELECTION_KINDS) {
		verdict = ELECTION_ABSURD;
	} else {
		verdict = vet(e, m, now);
		if (verdict == ELECTION_YES) {
			note_released(e, m->released, now);
			verdict = handlers[m->kind](e, m, now, out);
		}
		election_answer(e, m, verdict, out);
	}
	out->save = e->unsaved;
	return verdict;
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
		[ELECTION_OLD_ELECTORATE] = "it has missed a change of the members",
		[ELECTION_OTHER_ELECTORATE] = "it was started with another list of members",
		[ELECTION_SECOND_LEADER] = "it is not the leader of its term",
		[ELECTION_NOT_FOR_ME] = "it is meant for another member",
		[ELECTION_REPEATED] = "it is a repetition",
	};

	return (size_t)v < ELECTION_VERDICTS ? texts[v] : "unknown";
}

bool election_is_answer(const struct election_message *m)
{
	return m->kind == ELECTION_PROBE_ANSWER || m->kind == ELECTION_VOTE_ANSWER ||
	       m->kind == ELECTION_BEAT_ANSWER;
}
