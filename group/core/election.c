/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_private.h"

#include <errno.h>

#define RANKS 4 /* from this rank on, candidates are told apart by chance only */

/* No group gets this far ahead of a member: once a second for 136 years. */
#define GREATEST_JUMP (UINT64_C(1) << 32)
/* This far it gets when nothing but offices changes, once a second for 18 hours. */
#define COMMON_JUMP (UINT64_C(1) << 16)
#define LEAP_EVERY  (3600 * NS_PER_SEC)

/* SplitMix64 (Steele, Lea & Flood 2014): from 0 to `most`. */
static dur_ns random_up_to(struct election *e, dur_ns most)
{
	uint64_t z = e->random += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return (dur_ns)((z ^ (z >> 31)) % ((uint64_t)most + 1));
}

dur_ns election_delay(struct election *e)
{
	const struct electorate *electorate = &e->state.electorate;
	int place = electorate_find(electorate, e->setup.self);
	size_t higher = place < 0 ? RANKS : electorate->n - 1 - (size_t)place;
	dur_ns rank = higher < RANKS ? (dur_ns)higher : RANKS;

	return rank * election_stagger(e) + random_up_to(e, election_stagger(e));
}

struct tally election_tally(const struct election *e)
{
	struct tally t = { .n = 0 };
	int place = electorate_find(&e->state.electorate, e->setup.self);

	if (place >= 0) {
		tally_add(&t, place);
	}
	return t;
}

bool election_suffices(const struct election *e, const struct tally *t)
{
	return t->n >= electorate_majority(&e->state.electorate);
}

bool election_term_is_sane(const struct election *e, uint64_t term, struct mono now)
{
	const uint64_t jump = term > e->state.term ? term - e->state.term : 0;

	return term < ELECTION_TERM_LIMIT && jump <= GREATEST_JUMP &&
	       (jump <= COMMON_JUMP || mono_since(now, e->leap_at) >= 0);
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

void election_wait(struct election *e, dur_ns wait, struct mono now)
{
	e->role = ELECTION_FOLLOWER;
	e->stand_at = mono_add(now, wait + election_delay(e));
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
		/* So that no question is like one from before a restart, to which there are
		 * answers.
		 */
		.serial = setup->seed >> 2,
		.promised_until = state->term > 0 ? mono_add(now, lease) : now,
		/* Of which terms its promises were it does not know: none of them can be released.
		 */
		.rests_until = setup->forgot ? mono_add(now, lease) : now,
		.passive_until = now,
		.heard_at = now,
		.leap_at = now,
		.tell_at = now,
	};
	/* What it had promised before a restart is forgotten, but was for one lease at most. */
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
		first = e->beat_at;
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

static bool is_due(struct mono at, struct mono now)
{
	return mono_since(now, at) >= 0;
}

static void put_off_claim(struct election *e, struct mono now)
{
	e->claim_at = mono_add(now, 2 * e->setup.lease + random_up_to(e, election_stagger(e)));
}

void election_begin(struct election *e, struct mono now, struct election_actions *out)
{
	out->save = false;
	out->n = 0;
	switch (e->role) {
	case ELECTION_FOLLOWER:
		break;
	case ELECTION_LEADER:
		if (is_due(election_lease_end(e), now)) {
			election_wait(e, election_stagger(e), now);
		}
		break;
	case ELECTION_CLAIMING:
		if (is_due(e->attempt_ends, now)) {
			e->role = ELECTION_FOLLOWER;
			put_off_claim(e, now);
		}
		break;
	case ELECTION_PROBING:
	case ELECTION_CANDIDATE:
		if (is_due(e->attempt_ends, now)) {
			election_wait(e, election_stagger(e), now);
		}
		break;
	}
}

static bool may_claim(const struct election *e, struct mono now)
{
	return e->leader != MEMBER_NONE && e->leader < e->setup.self &&
	       election_leader(e, now) == e->leader && is_due(e->passive_until, now) &&
	       electorate_find(&e->state.electorate, e->setup.self) >= 0;
}

static void tick_follower(struct election *e, struct mono now, struct election_actions *out)
{
	if (is_due(e->stand_at, now)) {
		if (election_can_stand(e, now)) {
			election_probe(e, ELECTION_PROBING, now, out);
			return;
		}
		election_wait(e, e->setup.lease, now);
	}
	if (is_due(e->claim_at, now)) {
		put_off_claim(e, now);
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
		if (is_due(e->beat_at, now)) {
			election_beat(e, now, out);
		}
		break;
	case ELECTION_PROBING:
	case ELECTION_CLAIMING:
	case ELECTION_CANDIDATE:
		if (is_due(e->repeat_at, now)) {
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

bool election_may_act(const struct election *e, struct mono now)
{
	return e->role == ELECTION_LEADER && e->leased && !e->unsaved &&
	       !is_due(election_lease_end(e), now);
}

member_id election_leader(const struct election *e, struct mono now)
{
	bool self = e->leader == e->setup.self;

	if (self ? !election_may_act(e, now) : is_due(mono_add(e->heard_at, e->setup.lease), now)) {
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
