/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election.h"

#include <errno.h>
#include <string.h>

#include "group/core/election_candidate.h"
#include "group/core/election_leader.h"
#include "group/core/election_voter.h"

/* No member can have missed so many changes of the members. */
#define GREATEST_MISSED (UINT64_C(1) << 32)

int election_init(struct election *e, const struct election_setup *setup,
		  const struct election_state *state, struct mono now)
{
	const bool rests = state->term > 0 || setup->forgot;
	dur_ns lease = setup->lease;

	if (setup->self == MEMBER_NONE || lease < ELECTION_MIN_LEASE ||
	    lease > ELECTION_MAX_LEASE) {
		return -EINVAL;
	}
	*e = (struct election){
		.setup = *setup,
		.state = *state,
		.unsaved = true,
		.random = setup->seed,
		/* No question may look like one from before a restart: answers to that may still
		 * be on their way.
		 */
		.serial = setup->seed >> 2,
		.promised_until = state->term > 0 ? mono_add(now, lease) : now,
		/* It does not know the terms of its promises, so none of them can be released. */
		.rests_until = setup->forgot ? mono_add(now, lease) : now,
		.passive_until = now,
		.heard_at = now,
		.leap_at = now,
		.tell_at = now,
	};
	/* Promises from before a restart are forgotten, but lasted for one lease at most. */
	election_wait(e, rests ? lease : lease / 2, now);
	return 0;
}

struct mono election_next(const struct election *e)
{
	struct mono first = e->stand_at;
	struct mono second = e->claim_at;

	switch (e->role) {
	case ELECTION_FOLLOWER:
		if (e->leader == MEMBER_NONE || e->leader >= e->setup.self) {
			return first;
		}
		break;
	case ELECTION_LEADER:
		first = e->heartbeat_at;
		second = election_lease_end(e);
		break;
	case ELECTION_PROBING:
	case ELECTION_CLAIMING:
	case ELECTION_CANDIDATE:
		first = e->repeat_at;
		second = e->attempt_ends;
		break;
	}
	return mono_since(first, second) < 0 ? first : second;
}

static bool may_claim(const struct election *e, struct mono now)
{
	return e->leader != MEMBER_NONE && e->leader < e->setup.self &&
	       election_leader(e, now) == e->leader && election_is_due(e->passive_until, now) &&
	       voters_find(&e->state.voters, e->setup.self) >= 0;
}

static void tick_follower(struct election *e, struct mono now, struct election_actions *out)
{
	if (election_is_due(e->stand_at, now)) {
		if (election_can_stand(e, now)) {
			election_probe(e, ELECTION_PROBING, now, out);
			return;
		}
		election_wait(e, e->setup.lease, now);
	}
	if (election_is_due(e->claim_at, now)) {
		election_put_off_claim(e, now);
		if (may_claim(e, now)) {
			election_probe(e, ELECTION_CLAIMING, now, out);
		}
	}
}

void election_tick(struct election *e, struct mono now, struct election_actions *out)
{
	election_begin(e, now, out);
	switch (e->role) {
	case ELECTION_FOLLOWER:
		tick_follower(e, now, out);
		break;
	case ELECTION_LEADER:
		if (election_is_due(e->heartbeat_at, now)) {
			election_heartbeat(e, now, out);
		}
		break;
	case ELECTION_PROBING:
	case ELECTION_CLAIMING:
	case ELECTION_CANDIDATE:
		if (election_is_due(e->repeat_at, now)) {
			election_repeat(e, now, out);
		}
		break;
	}
	out->save = e->unsaved;
}

void election_step_down(struct election *e, dur_ns passive, struct mono now,
			struct election_actions *out)
{
	election_begin(e, now, out);
	e->passive_until.ns = passive > INT64_MAX - now.ns ? INT64_MAX : now.ns + passive;
	if (e->role == ELECTION_LEADER) {
		election_resign(e, election_successor(e, now), now, out);
	} else if (e->role != ELECTION_FOLLOWER) {
		election_wait(e, e->setup.lease, now);
	}
	out->save = e->unsaved;
}

/* --- changes of the list of voters --- */

/* Whether the list of voters may be changed now: 0 or -errno. */
static int check_change(const struct election *e, struct mono now)
{
	if (!election_may_act(e, now)) {
		return -EPERM;
	}
	return election_suffices(e, &e->installed) ? 0 : -EAGAIN;
}

/* Nobody has the new list of voters yet. Older tallies count places in the old one: drop them. */
static void changed(struct election *e, struct mono now, struct election_actions *out)
{
	e->unsaved = true;
	e->installed = election_tally(e);
	memset(e->heartbeats, 0, sizeof(e->heartbeats));
	election_heartbeat(e, now, out);
	election_tell_removed(e, out); /* of two, one is left: a majority by itself */
	out->save = true;
}

int election_add(struct election *e, member_id id, struct mono now, struct election_actions *out)
{
	election_begin(e, now, out);
	int error = check_change(e, now);

	if (!error) {
		error = voters_add(&e->state.voters, id);
	}
	if (!error) {
		changed(e, now, out);
	}
	return error;
}

int election_remove(struct election *e, member_id id, struct mono now, struct election_actions *out)
{
	election_begin(e, now, out);
	int error = check_change(e, now);

	if (!error && id == e->setup.self) {
		error = -EINVAL;
	}
	if (!error) {
		error = voters_remove(&e->state.voters, id);
	}
	if (!error) {
		e->untold = id;
		changed(e, now, out);
	}
	return error;
}

/* So many terms ahead: elections, once a second for 18 hours at most. */
#define RECOVERY_JUMP (UINT64_C(1) << 15)

int election_recover(struct election *e, const member_id *ids, size_t n, struct mono now,
		     struct election_actions *out)
{
	struct voters all;

	election_begin(e, now, out);
	out->save = e->unsaved;
	if (election_leader(e, now) != MEMBER_NONE) {
		return -EBUSY;
	}
	if (voters_make(&all, e->state.term + RECOVERY_JUMP, 0, ids, n) != 0 ||
	    voters_find(&all, e->setup.self) < 0) {
		return -EINVAL;
	}
	election_enter(e, e->state.term + RECOVERY_JUMP, now);
	e->state.voters = all;
	out->save = true;
	return 0;
}

/* --- messages --- */

/* Whether such a list of voters is possible: a leader stamps it with its own term. */
static bool stamp_is_sane(const struct election *e, const struct election_message *m)
{
	const uint64_t version = e->state.voters.stamp.version;

	return m->stamp.term <= m->term &&
	       (m->stamp.version <= version || m->stamp.version - version <= GREATEST_MISSED);
}

/* The reason to refuse a message before anything else, or ELECTION_YES. */
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
	[ELECTION_HEARTBEAT] = election_on_heartbeat,
	[ELECTION_HEARTBEAT_ANSWER] = election_on_heartbeat_answer,
	[ELECTION_VOTERS] = election_on_voters,
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

enum election_verdict election_obey(struct election *e, member_id from, uint64_t term,
				    uint64_t serial, struct mono now, struct election_actions *out)
{
	enum election_verdict verdict = ELECTION_ABSURD;

	election_begin(e, now, out);
	if (election_term_is_sane(e, term, now)) {
		verdict = election_follow(e, from, term, now);
	}
	if (verdict == ELECTION_YES && !election_is_new(e, &e->polled, serial, now)) {
		verdict = ELECTION_REPEATED;
	} else if (verdict != ELECTION_YES) {
		const struct election_message poll = { .kind = ELECTION_HEARTBEAT, .from = from };
		election_answer(e, &poll, verdict, out);
	}
	out->save = e->unsaved;
	return verdict;
}
