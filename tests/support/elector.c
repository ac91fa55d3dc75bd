/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/elector.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void init(struct elector *x, member_id self, const struct election_state *state)
{
	const struct election_setup setup = {
		.self = self,
		.lease = ELECTOR_LEASE,
		.seed = self,
	};

	assert_int_equal(election_init(&x->e, &setup, state, x->now), 0);
	election_tick(&x->e, x->now, &x->out);
	assert_true(x->out.save);
	elector_save(x);
}

void elector_start(struct elector *x, member_id self, size_t n)
{
	struct election_state state = { .term = 0 };
	member_id ids[MEMBERS_MAX];

	for (size_t i = 0; i < n; i++) {
		ids[i] = i + 1;
	}
	assert_int_equal(voters_make(&state.voters, 0, 0, ids, n), 0);
	*x = (struct elector){ .now = { .ns = 1000 * NS_PER_SEC } };
	init(x, self, &state);
}

void elector_restart(struct elector *x)
{
	const struct election_state state = *election_to_save(&x->e);

	init(x, x->e.setup.self, &state);
}

void elector_save(struct elector *x)
{
	if (x->out.save) {
		election_saved(&x->e);
	}
}

void elector_pass(struct elector *x, dur_ns time)
{
	x->now = mono_add(x->now, time);
	election_tick(&x->e, x->now, &x->out);
	elector_save(x);
}

struct election_message elector_message(const struct elector *x, enum election_kind kind,
					member_id from, uint64_t term)
{
	return (struct election_message){
		.kind = kind,
		.from = from,
		.to = x->e.setup.self,
		.term = term,
		.serial = kind == ELECTION_HEARTBEAT ? x->e.heard + 1 : x->e.serial,
		.lease = ELECTOR_LEASE,
		.stamp = x->e.state.voters.stamp,
		.verdict = ELECTION_YES,
	};
}

enum election_verdict elector_hear(struct elector *x, const struct election_message *m)
{
	enum election_verdict verdict = election_receive(&x->e, m, x->now, &x->out);

	elector_save(x);
	return verdict;
}

enum election_verdict elector_told(struct elector *x, enum election_kind kind, member_id from,
				   uint64_t term)
{
	const struct election_message m = elector_message(x, kind, from, term);

	return elector_hear(x, &m);
}

const struct election_message *elector_sent(const struct elector *x, enum election_kind kind)
{
	for (size_t i = 0; i < x->out.n; i++) {
		if (x->out.send[i].kind == kind) {
			return &x->out.send[i];
		}
	}
	return NULL;
}

enum election_verdict elector_agree(struct elector *x, enum election_kind answer, member_id from)
{
	return elector_told(x, answer, from, x->e.state.term);
}

dur_ns elector_until(struct elector *x, enum election_kind kind)
{
	const struct mono start = x->now;

	do {
		dur_ns wait = mono_since(election_next(&x->e), x->now);
		assert_true(wait > 0); /* else it would spin */
		elector_pass(x, wait);
		assert_true(mono_since(x->now, start) < 10 * ELECTOR_LEASE);
	} while (!elector_sent(x, kind));
	return mono_since(x->now, start);
}

static void all_agree(struct elector *x, enum election_kind answer, enum election_role role)
{
	const struct voters all = x->e.state.voters;

	for (size_t i = 0; i < all.n; i++) {
		if (all.id[i] != x->e.setup.self && x->e.role == role) {
			elector_agree(x, answer, all.id[i]);
		}
	}
}

void elector_elect(struct elector *x)
{
	elector_until(x, ELECTION_PROBE);
	all_agree(x, ELECTION_PROBE_ANSWER, ELECTION_PROBING);
	all_agree(x, ELECTION_VOTE_ANSWER, ELECTION_CANDIDATE);
	assert_int_equal(x->e.role, ELECTION_LEADER);
	all_agree(x, ELECTION_HEARTBEAT_ANSWER, ELECTION_LEADER);
	assert_true(election_may_act(&x->e, x->now));
}
