/* SPDX-License-Identifier: BSD-3-Clause */
/* The election's messages and its memory. */
#include <inttypes.h>
#include <string.h>

#include "group/agent/private.h"
#include "group/agent/state.h"
#include "os/log.h"

static bool save(struct group *g)
{
	int rc = group_state_write(election_to_save(&g->election), g->base->state_path,
				   g->settings->name, g->self->id);

	if (rc != 0 && rc != g->said_unsaved) { /* it is tried for each message */
		log_error("cannot save the group's state in '%s': %s; taking no part in elections "
			  "meanwhile",
			  g->base->state_path, strerror(-rc));
	} else if (rc == 0 && g->said_unsaved != 0) {
		log_info("the group's state is saved in '%s' again", g->base->state_path);
	}
	g->said_unsaved = rc;
	if (rc != 0) {
		return false;
	}
	election_saved(&g->election);
	return true;
}

/*
 * Where this member is and, some at a time, the others: who has learned of a member from its leader
 * does not know its address, if that is of IPv6.
 */
static void tell(struct group *g, struct group_told *out)
{
	const struct electorate *all = &g->election.state.electorate;

	out->n = 0;
	if (g->self->at.sa.ss_family != AF_INET6) {
		return;
	}
	out->at[out->n++] = g->self->at;
	for (size_t i = 0; i < g->members.n && out->n < GROUP_TOLD; i++) {
		const struct group_member *m = &g->members.member[g->tell_next++ % g->members.n];

		if (m != g->self && electorate_find(all, m->id) >= 0) {
			out->at[out->n++] = m->at;
		}
	}
}

static void send_to(struct group *g, const struct election_message *m,
		    const struct group_told *told, member_id to)
{
	struct group_member *member = group_members_find(&g->members, to);
	struct election_message addressed = *m;
	uint8_t body[GROUP_BODY_MAX];
	size_t n;

	if (!member || to == g->self->id) {
		return;
	}
	addressed.to = to;
	n = group_encode_election(body, sizeof(body), g->settings->name, &addressed, told);
	/* What cannot be sent is lost, as it may be anyway: elections live with that. */
	(void)group_calls_send(g, member, GROUP_ELECTION, body, n, g->settings->lease / 2);
}

static void dispatch(struct group *g, const struct election_message *m)
{
	const struct electorate *all = &g->election.state.electorate;
	struct group_told told;

	tell(g, &told);
	if (m->to != MEMBER_NONE) {
		send_to(g, m, &told, m->to);
		return;
	}
	for (size_t i = 0; i < all->n; i++) {
		send_to(g, m, &told, all->id[i]);
	}
}

bool group_election_is_answer(const struct election_message *m)
{
	return m->kind == ELECTION_PROBE_ANSWER || m->kind == ELECTION_VOTE_ANSWER ||
	       m->kind == ELECTION_BEAT_ANSWER;
}

/*
 * Log that this member is not in the electorate (any more), or is in it again, once. A leader has
 * said so to one that is to join, as its list is another.
 */
static void say_membership(struct group *g)
{
	const struct electorate *all = &g->election.state.electorate;
	const bool is_member = electorate_find(all, g->self->id) >= 0;
	char own[ADDRESS_TEXT_MAX];

	if (is_member == g->said_member) {
		return;
	}
	g->said_member = is_member;
	if (is_member) {
		log_info("group %s: a member of it, as one of %zu", g->settings->name, all->n);
	} else {
		log_warning("group %s: this is no member of it, as it was removed or not added "
			    "yet: it does not vote, and nobody corrects its clock, until 'timesync "
			    "group join %s'",
			    g->settings->name, address_text(&g->self->at, own));
	}
}

/* Log a change of leader, once. */
static void say_leader(struct group *g)
{
	const member_id leader = election_leader(&g->election, group_now());
	const struct group_member *m = group_members_find(&g->members, leader);
	char text[ADDRESS_TEXT_MAX];

	if (leader == g->said_leader) {
		return;
	}
	g->said_leader = leader;
	if (leader == MEMBER_NONE && !g->said_member) {
		return; /* it has none because it is no member: that has been said */
	}
	if (leader == g->self->id) {
		log_info("group %s: leading, in term %" PRIu64 "%s", g->settings->name,
			 g->election.state.term, g->seal ? "" : " (INSECURE: without a key)");
	} else if (leader == MEMBER_NONE) {
		log_info("group %s: no leader", g->settings->name);
	} else {
		log_info("group %s: following %s, in term %" PRIu64, g->settings->name,
			 m ? address_text(&m->at, text) : "a member of unknown address",
			 g->election.state.term);
	}
}

bool group_election_perform(struct group *g, const struct election_actions *out, member_id asker,
			    struct election_message *answer)
{
	bool has_answer = false;

	if (out->save && !save(g)) {
		return false;
	}
	for (size_t i = 0; i < out->n; i++) {
		if (answer && group_election_is_answer(&out->send[i]) && out->send[i].to == asker) {
			*answer = out->send[i];
			has_answer = true;
		} else {
			dispatch(g, &out->send[i]);
		}
	}
	say_membership(g);
	say_leader(g);
	return has_answer;
}

void group_election_receive(struct group *g, const struct election_message *m)
{
	struct election_actions out;

	(void)election_receive(&g->election, m, group_now(), &out);
	(void)group_election_perform(g, &out, MEMBER_NONE, NULL);
}

void group_election_tick(struct group *g, struct mono now)
{
	struct election_actions out;

	if (mono_since(now, election_next(&g->election)) < 0) {
		return;
	}
	election_tick(&g->election, now, &out);
	(void)group_election_perform(g, &out, MEMBER_NONE, NULL);
}
