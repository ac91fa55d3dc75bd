/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_steps.h"

#include "core/splitmix.h"

#define RANKS 4 /* from this rank on, candidates are told apart by chance only */

/* No group gets this far ahead of a member: one election a second for 136 years. */
#define GREATEST_JUMP (UINT64_C(1) << 32)
/* It gets this far ahead by one election a second for 18 hours. */
#define COMMON_JUMP (UINT64_C(1) << 16)
#define LEAP_EVERY  (3600 * NS_PER_SEC)

/* From 0 to `most`. */
dur_ns election_random(struct election *e, dur_ns most)
{
	return (dur_ns)splitmix_below(&e->random, (uint64_t)most + 1);
}

dur_ns election_delay(struct election *e)
{
	const struct voters *voters = &e->state.voters;
	int place = voters_find(voters, e->setup.self);
	size_t higher = place < 0 ? RANKS : voters->n - 1 - (size_t)place;
	dur_ns rank = higher < RANKS ? (dur_ns)higher : RANKS;

	return rank * election_stagger(e) + election_random(e, election_stagger(e));
}

struct tally election_tally(const struct election *e)
{
	struct tally t = { .n = 0 };
	int place = voters_find(&e->state.voters, e->setup.self);

	if (place >= 0) {
		tally_add(&t, place);
	}
	return t;
}

bool election_suffices(const struct election *e, const struct tally *t)
{
	return t->n >= voters_majority(&e->state.voters);
}

bool election_term_is_sane(const struct election *e, uint64_t term, struct mono now)
{
	const uint64_t jump = term > e->state.term ? term - e->state.term : 0;

	return term < ELECTION_TERM_LIMIT && jump <= GREATEST_JUMP &&
	       (jump <= COMMON_JUMP || mono_since(now, e->leap_at) >= 0);
}

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
		.stamp = e->state.voters.stamp,
	};
	return m;
}

void election_wait(struct election *e, dur_ns wait, struct mono now)
{
	e->role = ELECTION_FOLLOWER;
	e->stand_at = mono_add(now, wait + election_delay(e));
}

void election_enter(struct election *e, uint64_t term, struct mono now)
{
	if (term - e->state.term > COMMON_JUMP) {
		e->leap_at = mono_add(now, LEAP_EVERY);
	}
	e->state.term = term;
	e->state.voted_for = MEMBER_NONE;
	e->unsaved = true;
	e->leader = MEMBER_NONE;
	e->heard = 0;
	e->polled = 0;
	election_wait(e, election_stagger(e), now);
}

bool election_bound(const struct election *e, member_id candidate, struct mono now)
{
	if (e->role == ELECTION_LEADER) {
		return candidate != e->setup.self;
	}
	if (mono_since(now, e->rests_until) < 0) {
		return true;
	}
	return candidate != e->promised_to && mono_since(now, e->promised_until) < 0;
}

bool election_can_stand(const struct election *e, struct mono now)
{
	return voters_find(&e->state.voters, e->setup.self) >= 0 &&
	       mono_since(now, e->passive_until) >= 0 && !election_bound(e, e->setup.self, now);
}

void election_put_off_claim(struct election *e, struct mono now)
{
	e->claim_at = mono_add(now, 2 * e->setup.lease + election_random(e, election_stagger(e)));
}

void election_begin(struct election *e, struct mono now, struct election_actions *out)
{
	out->save = false;
	out->n = 0;
	switch (e->role) {
	case ELECTION_FOLLOWER:
		break;
	case ELECTION_LEADER:
		if (election_is_due(election_lease_end(e), now)) {
			election_wait(e, election_stagger(e), now);
		}
		break;
	case ELECTION_CLAIMING:
		if (election_is_due(e->attempt_ends, now)) {
			e->role = ELECTION_FOLLOWER;
			election_put_off_claim(e, now);
		}
		break;
	case ELECTION_PROBING:
	case ELECTION_CANDIDATE:
		if (election_is_due(e->attempt_ends, now)) {
			election_wait(e, election_stagger(e), now);
		}
		break;
	}
}

/*
 * A member that was removed before the leader was added does not know the member to ask. This
 * member may not know the leader, either: then somebody on its newer list of voters does.
 */
static member_id whom_to_ask(const struct election *e, const struct election_message *question)
{
	const struct voters *all = &e->state.voters;

	if (e->leader != MEMBER_NONE || all->n == 0 ||
	    voters_compare(question->stamp, all->stamp) != VOTERS_OLDER) {
		return e->leader;
	}
	/* Another at each attempt, as some are on its old list, too. */
	for (size_t i = 0; i < all->n; i++) {
		const member_id id = all->id[(question->serial + i) % all->n];

		if (id != e->setup.self && id != question->from) {
			return id;
		}
	}
	return MEMBER_NONE;
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
	case ELECTION_HEARTBEAT:
	case ELECTION_VOTERS:
		kind = ELECTION_HEARTBEAT_ANSWER;
		break;
	case ELECTION_PROBE_ANSWER:
	case ELECTION_VOTE_ANSWER:
	case ELECTION_HEARTBEAT_ANSWER:
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
