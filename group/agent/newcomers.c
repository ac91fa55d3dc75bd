/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Who is to be let in has to answer first, sealed with our key, in our group, with our lease: one
 * that cannot be reached would count in every majority all the same, and end a group of one.
 */
#include <errno.h>

#include "group/agent/private.h"

/* For so long an answer is good. */
#define ANSWER_LIFE (10 * NS_PER_SEC)

void group_newcomers_told(struct group *g, struct group_member *m, const struct group_status *s)
{
	struct group_newcomer *n = m->owner;

	n->state = !s                               ? GROUP_NEWCOMER_SILENT
		   : s->lease != g->settings->lease ? GROUP_NEWCOMER_UNLIKE
						    : GROUP_NEWCOMER_THERE;
	n->at = group_now();
}

bool group_newcomers_asked(const struct group *g, const struct group_member *m)
{
	for (size_t i = 0; i < GROUP_NEWCOMERS; i++) {
		if (m == &g->newcomers[i].member) {
			return true;
		}
	}
	return false;
}

/* Its place, or one for it; null when all are taken by others. */
static struct group_newcomer *place_of(struct group *g, member_id id, struct mono now)
{
	struct group_newcomer *place = NULL;

	for (size_t i = 0; i < GROUP_NEWCOMERS; i++) {
		struct group_newcomer *n = &g->newcomers[i];

		if (n->state > GROUP_NEWCOMER_ASKED && mono_since(now, n->at) > ANSWER_LIFE) {
			n->state = GROUP_NEWCOMER_NONE;
		}
		if (n->state != GROUP_NEWCOMER_NONE && n->member.id == id) {
			return n;
		}
		if (n->state == GROUP_NEWCOMER_NONE) {
			place = n;
		}
	}
	return place;
}

static void ask(struct group *g, struct group_newcomer *n, const struct address *at, member_id id)
{
	n->member = (struct group_member){ .id = id, .at = *at, .owner = n };
	if (group_calls_ask_status(g, &n->member) == 0) {
		n->state = GROUP_NEWCOMER_ASKED;
	}
}

int group_newcomers_check(struct group *g, const struct address *at, struct mono now)
{
	const member_id id = group_members_id(at);
	struct group_newcomer *n = place_of(g, id, now);
	const enum group_newcomer_state state = n ? n->state : GROUP_NEWCOMER_ASKED;

	switch (state) {
	case GROUP_NEWCOMER_NONE:
		ask(g, n, at, id);
		return -EAGAIN;
	case GROUP_NEWCOMER_ASKED:
		return -EAGAIN;
	case GROUP_NEWCOMER_THERE:
		return 0;
	case GROUP_NEWCOMER_SILENT:
	case GROUP_NEWCOMER_UNLIKE:
		break;
	}
	n->state = GROUP_NEWCOMER_NONE; /* the next time it is asked anew */
	return state == GROUP_NEWCOMER_SILENT ? -EHOSTUNREACH : -EPROTO;
}
