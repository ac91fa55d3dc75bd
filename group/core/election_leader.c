/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/election_leader.h"

#include <errno.h>
#include <string.h>

static struct election_heartbeat *heartbeat_of(struct election *e, uint64_t serial)
{
	return &e->heartbeats[serial % ELECTION_HEARTBEATS];
}

/* The lease begins when the latest heartbeat was sent that a majority has answered. */
static void confirm(struct election *e, const struct election_heartbeat *b)
{
	if (!election_suffices(e, &b->heard)) {
		return;
	}
	if (!e->leased || mono_since(b->sent, e->lease_from) > 0) {
		e->leased = true;
		e->lease_from = b->sent;
	}
}

void election_lead(struct election *e, struct mono now, struct election_actions *out)
{
	e->role = ELECTION_LEADER;
	e->leader = e->setup.self;
	e->leased = false;
	e->lease_from = now;
	memset(e->heartbeats, 0, sizeof(e->heartbeats));
	/* Once a majority has this stamp, an older list of voters can no longer elect a member that
	 * was removed.
	 */
	e->state.voters.stamp.term = e->state.term;
	e->unsaved = true;
	e->installed = election_tally(e);
	e->untold = MEMBER_NONE;
	election_heartbeat(e, now, out);
}

void election_heartbeat(struct election *e, struct mono now, struct election_actions *out)
{
	struct election_heartbeat *b = heartbeat_of(e, ++e->serial);

	*b = (struct election_heartbeat){
		.serial = e->serial,
		.sent = now,
		.heard = election_tally(e),
	};
	e->heartbeat_at = mono_add(now, e->setup.lease / 6);
	confirm(e, b);
	election_send(e, out, ELECTION_HEARTBEAT, MEMBER_NONE);
}

void election_send_voters(const struct election *e, member_id to, struct election_actions *out)
{
	struct election_message *m = election_send(e, out, ELECTION_VOTERS, to);

	m->serial = 0; /* no heartbeat */
	m->voters = &e->state.voters;
}

/*
 * Once the change is there to stay: before that the next leader may need the vote of the removed
 * member. If this message is lost, the member is told when it probes, as it hears no heartbeats.
 */
void election_tell_removed(struct election *e, struct election_actions *out)
{
	if (e->untold != MEMBER_NONE && election_suffices(e, &e->installed)) {
		election_send_voters(e, e->untold, out);
		e->untold = MEMBER_NONE;
	}
}

static void on_yes(struct election *e, const struct election_message *m, int place,
		   struct election_actions *out)
{
	struct election_heartbeat *b = heartbeat_of(e, m->serial);

	if (b->serial == m->serial && m->serial != 0) {
		tally_add(&b->heard, place);
		confirm(e, b);
	}
	switch (voters_compare(m->stamp, e->state.voters.stamp)) {
	case VOTERS_SAME:
		tally_add(&e->installed, place);
		election_tell_removed(e, out);
		break;
	case VOTERS_OLDER:
		election_send_voters(e, m->from, out);
		break;
	case VOTERS_NEWER:
	case VOTERS_CONTRARY:
		break;
	}
}

enum election_verdict election_on_heartbeat_answer(struct election *e,
						   const struct election_message *m,
						   struct mono now, struct election_actions *out)
{
	int place = voters_find(&e->state.voters, m->from);

	if (m->term > e->state.term) {
		/* A voter has gone ahead to a newer term in vain: go there, and stand at once. */
		bool led = e->role == ELECTION_LEADER;
		election_enter(e, m->term, now);
		if (led) {
			e->stand_at = now;
		}
		return ELECTION_YES;
	}
	if (e->role == ELECTION_LEADER && m->term == e->state.term && m->verdict == ELECTION_YES &&
	    place >= 0) {
		on_yes(e, m, place, out);
	}
	return ELECTION_YES;
}

void election_resign(struct election *e, member_id successor, struct mono now,
		     struct election_actions *out)
{
	e->released = e->state.term;
	election_wait(e, 2 * election_stagger(e), now);
	election_send(e, out, ELECTION_RESIGN, MEMBER_NONE)->successor = successor;
}

enum election_verdict election_on_claim(struct election *e, const struct election_message *m,
					struct mono now, struct election_actions *out)
{
	const struct voters *voters = &e->state.voters;

	if (m->term < e->state.term) {
		return ELECTION_OLD_TERM;
	}
	if (e->role == ELECTION_LEADER && m->term == e->state.term && m->from > e->setup.self &&
	    voters_find(voters, m->from) >= 0 &&
	    voters_compare(m->stamp, voters->stamp) == VOTERS_SAME) {
		election_resign(e, m->from, now, out);
	}
	return ELECTION_YES;
}

member_id election_successor(const struct election *e, struct mono now)
{
	const struct voters *voters = &e->state.voters;
	int best = -1;

	for (size_t i = 0; i < ELECTION_HEARTBEATS; i++) {
		const struct election_heartbeat *b = &e->heartbeats[i];
		if (b->serial == 0 || mono_since(now, b->sent) > e->setup.lease) {
			continue;
		}
		for (int place = (int)voters->n - 1; place > best; place--) {
			if (tally_has(&b->heard, place) && voters->id[place] != e->setup.self) {
				best = place;
			}
		}
	}
	return best < 0 ? MEMBER_NONE : voters->id[best];
}
