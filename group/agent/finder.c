/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Finding a group by broadcast, and joining it. Every rpcbind is asked for a member's port; who has
 * one is asked for its status, which only a member of our group can seal for us; its leader is
 * asked to let us in. All of that may fail, and is begun anew until we are in.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "group/agent/private.h"
#include "os/log.h"

/* From one question to the next: the first time, and at most. */
#define FIRST_PAUSE   NS_PER_SEC
#define LONGEST_PAUSE (16 * NS_PER_SEC)
/* So many datagrams, then the sockets are served again. */
#define DATAGRAMS_A_TURN 64
/* One complaint, then none for so long. */
#define COMPLAIN_EVERY (60 * NS_PER_SEC)
/* With so many questions without an answer it is worth saying. */
#define QUIET_QUESTIONS 4

static bool is_looking(const struct group *g)
{
	return g->finder.broadcast.fd >= 0;
}

static void stop(struct group *g)
{
	loop_unwatch(g->loop, g->finder.broadcast.fd);
	broadcast_close(&g->finder.broadcast);
}

/* --- those that answer --- */

/* Whether to log what is wrong with a group that was found. */
static bool may_complain(struct group_finder *f)
{
	const struct mono now = group_now();

	if (f->complained && mono_since(now, f->complained_at) < COMPLAIN_EVERY) {
		return false;
	}
	f->complained = true;
	f->complained_at = now;
	return true;
}

/* One with another lease refuses the leader's beats, but would count in its majorities. */
static bool has_our_lease(struct group *g, const struct group_member *leader,
			  const struct group_status *s)
{
	char text[ADDRESS_TEXT_MAX];

	if (s->lease == g->settings->lease) {
		return true;
	}
	if (may_complain(&g->finder)) {
		log_warning("group %s: cannot join it: %s has another --lease (%" PRId64
			    ".%09" PRId64 " s)",
			    g->settings->name, address_text(&leader->at, text),
			    s->lease / NS_PER_SEC, s->lease % NS_PER_SEC);
	}
	return false;
}

/*
 * Ask it, unless somebody else may be letting us in: where there are two groups of our name we
 * would count in the majorities of both, and answer in one. Within a lease the electorate has come.
 */
static bool ask_to_join(struct group *g, struct group_candidate *c, const struct group_status *s)
{
	const struct group_change change = {
		.head = group_head_to(g, c->member.id),
		.nonce = s->nonce,
		.address = g->self->at,
	};
	const struct mono now = group_now();
	uint8_t body[GROUP_BODY_MAX];

	if (mono_since(now, g->finder.join_after) < 0 ||
	    group_calls_send(g, &c->member, GROUP_JOIN, body,
			     group_encode_change(body, sizeof(body), &change), g->timeout) != 0) {
		return false;
	}
	g->finder.join_after = mono_add(now, g->timeout + g->settings->lease);
	return true;
}

void group_finder_status(struct group *g, struct group_member *m, const struct group_status *s)
{
	struct group_candidate *c = m->owner;
	struct address leader;

	c->asked = false;
	if (!s || !is_looking(g)) {
		return;
	}
	if (s->leads) {
		g->finder.questions = 0;
		g->finder.answered = false;
		c->asked = has_our_lease(g, m, s) && ask_to_join(g, c, s);
		return;
	}
	/* Not by those that look for it as we do. */
	g->finder.answered = g->finder.answered || s->total > 0;
	if (s->leader != m->id && group_members_address(&leader, s->leader)) {
		group_candidates_ask(g, g->finder.candidates, &leader);
	}
}

/* Again when nothing came of it the last time. */
static void say_let_in(struct group *g, const struct group_member *leader)
{
	char text[ADDRESS_TEXT_MAX], own[ADDRESS_TEXT_MAX];

	if (!g->finder.was_let_in) {
		log_info("group %s: joined it, by %s", g->settings->name,
			 address_text(&leader->at, text));
	} else if (may_complain(&g->finder)) {
		log_warning("group %s: %s has let us in, but we hear nothing from it: can it reach "
			    "us at %s?",
			    g->settings->name, address_text(&leader->at, text),
			    address_text(&g->self->at, own));
	}
	g->finder.was_let_in = true;
}

/*
 * Others were let in meanwhile, or somebody else leads now. So not all of those that were refused
 * at the same time come back at the same time.
 */
static void ask_again_soon(struct group_finder *f)
{
	const struct ticket_nonce random = group_nonce();

	f->pause = FIRST_PAUSE;
	f->at = mono_add(group_now(), FIRST_PAUSE * (1 + random.byte[0]) / 256);
}

void group_finder_joined(struct group *g, struct group_member *m, const enum group_answer *answer)
{
	struct group_candidate *c = m->owner;
	const char *why = NULL;
	char text[ADDRESS_TEXT_MAX];

	c->asked = false;
	if (!answer) {
		return; /* it may have let us in all the same */
	}
	if (*answer == GROUP_DONE || *answer == GROUP_EXISTS) {
		say_let_in(g, m);
		return;
	}
	g->finder.join_after = group_now();
	if (*answer == GROUP_FULL) {
		why = "the group is full";
	} else if (*answer == GROUP_IMPOSSIBLE || *answer == GROUP_UNREACHABLE) {
		why = "it cannot reach us";
	} else if (*answer == GROUP_OTHER_LEASE) {
		why = "it has another --lease";
	} else {
		ask_again_soon(&g->finder);
	}
	if (why) {
		g->finder.at = mono_add(group_now(), LONGEST_PAUSE);
	}
	if (why && may_complain(&g->finder)) {
		log_warning("group %s: %s does not let us in: %s", g->settings->name,
			    address_text(&m->at, text), why);
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
		rc = broadcast_receive(&g->finder.broadcast, &from);
		if (rc == 1 && address_port(&from) != 0) {
			group_candidates_ask(g, g->finder.candidates, &from);
		}
	}
	group_schedule(g);
}

int group_finder_open(struct group *g)
{
	struct group_finder *f = &g->finder;
	int rc;

	if (!g->settings->discover || g->election.state.electorate.n > 0) {
		return 0;
	}
	log_info("group %s: looking for its members by broadcast", g->settings->name);
	f->at = group_now();
	f->pause = FIRST_PAUSE;
	rc = broadcast_open(&f->broadcast, GROUP_PROGRAM, GROUP_VERSION);
	return rc == 0 ? loop_watch(g->loop, f->broadcast.fd, answers_ready, g) : rc;
}

void group_finder_close(struct group *g)
{
	if (g->loop && is_looking(g)) {
		stop(g);
	}
}

static void say_quiet(const struct group *g, int rc)
{
	if (g->finder.answered) {
		log_warning(
			"group %s: members answer, but none of them leads: nobody can let us in",
			g->settings->name);
		return;
	}
	log_warning("group %s: no member answers (%s); is our key theirs? The first one of a group "
		    "is started with --member and its own name",
		    g->settings->name, rc == 0 ? "all networks were asked" : strerror(-rc));
}

void group_finder_tick(struct group *g, struct mono now)
{
	struct group_finder *f = &g->finder;
	int rc;

	if (!is_looking(g)) {
		return;
	}
	if (g->election.state.electorate.n > 0) {
		stop(g);
		return;
	}
	if (mono_since(now, f->at) < 0) {
		return;
	}
	rc = broadcast_ask(&f->broadcast);
	if (++f->questions == QUIET_QUESTIONS) {
		say_quiet(g, rc);
	}
	f->at = mono_add(now, f->pause);
	f->pause = f->pause * 2 < LONGEST_PAUSE ? f->pause * 2 : LONGEST_PAUSE;
}

struct mono group_finder_next(const struct group *g, struct mono now)
{
	return is_looking(g) ? g->finder.at : mono_add(now, NS_PER_SEC * 3600);
}
