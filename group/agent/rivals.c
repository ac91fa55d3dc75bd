/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other groups of our name and key on our networks. Where two members have founded one each, both
 * lead, and no member of one hears of the other: they stay apart until somebody notices. So the
 * rpcbinds are asked now and then, by all members of a group in turn; and who asks us for our
 * status, and is no member, is asked for its own.
 */
#include <errno.h>
#include <string.h>

#include "group/agent/private.h"
#include "os/log.h"

/* From one question to the next, for a group of one: in leases the first time, and at most. */
#define FIRST_PAUSE_LEASES 4
#define LONGEST_PAUSE      (3600 * NS_PER_SEC)
/* So many datagrams, then the sockets are served again. */
#define DATAGRAMS_A_TURN 64
/* What was said is said again after so long. */
#define SAY_EVERY (3600 * NS_PER_SEC)

static bool is_out(const struct group_rivals *r)
{
	return r->broadcast.fd >= 0;
}

/*
 * Who can be found by broadcast, or has been, or founded the group for others to find; not those
 * whose members are all named at their start.
 */
static bool is_watching(const struct group *g)
{
	return (g->settings->discover || g->settings->n_members == 1) &&
	       g->self->at.sa.ss_family == AF_INET && !address_is_loopback(&g->self->at);
}

/* Whether we belong to a group, and it has a leader. */
static bool is_settled(const struct group *g)
{
	return electorate_find(&g->election.state.electorate, g->self->id) >= 0 &&
	       election_leader(&g->election, group_now()) != MEMBER_NONE;
}

/* And this is one who does not belong to it. */
static bool is_foreign(const struct group *g, member_id id)
{
	return id != MEMBER_NONE && electorate_find(&g->election.state.electorate, id) < 0 &&
	       is_settled(g);
}

/* --- what they answer --- */

/* `leader` may act as the leader of a group of our name: it has said so, under our key. */
static void found(struct group *g, const struct group_member *leader, const struct group_status *s)
{
	struct group_rivals *r = &g->rivals;
	const struct mono now = group_now();
	char text[ADDRESS_TEXT_MAX];

	g->counts[GROUP_COUNT_RIVALS]++;
	if (r->said == leader->id && mono_since(now, r->said_at) < SAY_EVERY) {
		return;
	}
	r->said = leader->id;
	r->said_at = now;
	log_warning("group %s: there is another group of this name and key, of %u, led by %s; ours "
		    "is of %zu. They will not become one: end all daemons of one of them, remove "
		    "what they have saved (here '%s'), and start them with --discover",
		    g->settings->name, s->total, address_text(&leader->at, text),
		    g->election.state.electorate.n, g->base->state_path);
}

bool group_rivals_asked(const struct group *g, const struct group_member *m)
{
	for (size_t i = 0; i < GROUP_CANDIDATES; i++) {
		if (m == &g->rivals.candidates[i].member) {
			return true;
		}
	}
	return false;
}

void group_rivals_told(struct group *g, struct group_member *m, const struct group_status *s)
{
	struct group_candidate *c = m->owner;
	struct address leader;

	c->asked = false;
	if (!s) {
		return;
	}
	if (s->leads) {
		if (is_foreign(g, m->id)) {
			found(g, m, s);
		}
	} else if (is_out(&g->rivals) && s->leader != m->id && is_foreign(g, s->leader) &&
		   group_members_address(&leader, s->leader)) {
		group_candidates_ask(g, g->rivals.candidates, &leader);
	}
}

void group_rivals_suspect(struct group *g, member_id asker, struct mono now)
{
	struct group_rivals *r = &g->rivals;
	struct address at;

	if (is_watching(g) && mono_since(now, r->suspect_after) >= 0 && is_foreign(g, asker) &&
	    group_members_address(&at, asker)) {
		r->suspect_after = mono_add(now, g->settings->lease);
		group_candidates_ask(g, r->candidates, &at);
	}
}

/* --- questions --- */

static void answers_ready(void *arg, int fd)
{
	struct group *g = arg;
	struct address from;
	int rc = 0;

	(void)fd;
	for (int i = 0; i < DATAGRAMS_A_TURN && rc != -EAGAIN; i++) {
		rc = broadcast_receive(&g->rivals.broadcast, &from);
		if (rc == 1 && address_port(&from) != 0 && is_foreign(g, group_members_id(&from))) {
			group_candidates_ask(g, g->rivals.candidates, &from);
		}
	}
	group_schedule(g);
}

static void close_question(struct group *g)
{
	if (g->loop && is_out(&g->rivals)) {
		loop_unwatch(g->loop, g->rivals.broadcast.fd);
	}
	broadcast_close(&g->rivals.broadcast);
}

/* In a large group each member asks as much more seldom, and all at times of their own. */
static dur_ns next_pause(struct group *g)
{
	struct group_rivals *r = &g->rivals;
	const struct ticket_nonce random = group_nonce();
	const dur_ns pause = r->pause * (dur_ns)g->election.state.electorate.n;

	r->pause = r->pause * 2 < LONGEST_PAUSE ? r->pause * 2 : LONGEST_PAUSE;
	return pause / 2 + pause / 256 * random.byte[0];
}

/* Whether there is an answer to wait for: not on a machine that is on no network. */
static bool ask(struct group *g)
{
	struct broadcast *b = &g->rivals.broadcast;
	int rc = broadcast_open(b, GROUP_PROGRAM, GROUP_VERSION);

	if (rc == 0) {
		rc = loop_watch(g->loop, b->fd, answers_ready, g);
	}
	if (rc != 0) {
		broadcast_close(b);
	} else if (broadcast_ask(b) != 0) {
		close_question(g);
	}
	return is_out(&g->rivals);
}

void group_rivals_open(struct group *g, struct mono now)
{
	g->rivals.at = mono_add(now, g->settings->lease);
	g->rivals.pause = FIRST_PAUSE_LEASES * g->settings->lease;
	g->rivals.suspect_after = now;
}

void group_rivals_close(struct group *g)
{
	close_question(g);
}

void group_rivals_tick(struct group *g, struct mono now)
{
	struct group_rivals *r = &g->rivals;

	if (!is_watching(g) || mono_since(now, r->at) < 0) {
		return;
	}
	if (is_out(r)) {
		close_question(g);
		r->at = mono_add(now, next_pause(g));
	} else if (!is_settled(g)) {
		r->at = mono_add(now, g->settings->lease);
	} else {
		r->at = mono_add(now, ask(g) ? g->timeout : next_pause(g));
	}
}

struct mono group_rivals_next(const struct group *g, struct mono now)
{
	return is_watching(g) ? g->rivals.at : mono_add(now, NS_PER_SEC * 3600);
}
