/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/newcomers.h"

#include <errno.h>

/* An answer is good for so long; so is silence, which may end sooner. */
#define ANSWER_LIFE  (10 * NS_PER_SEC)
#define SILENCE_LIFE (2 * NS_PER_SEC)
/* A newcomer is asked so often: packets get lost. */
#define TRIES 3
/* It may have just been started. */
#define PATIENCE NS_PER_SEC

static void ask(struct newcomers *all, const struct agent_context *c, struct newcomer *n)
{
	n->state = NEWCOMER_ASKED;
	n->asked++;
	context_ask_status(c, AGENT_PART_NEWCOMERS, (size_t)(n - all->newcomer), &n->at, PATIENCE);
}

void newcomers_status(struct newcomers *all, const struct agent_context *c,
		      const struct agent_tag *tag, const struct group_status *s)
{
	struct newcomer *n = tag->place < NEWCOMERS ? &all->newcomer[tag->place] : NULL;

	if (!n || n->state != NEWCOMER_ASKED || n->id != tag->to) {
		return;
	}
	if (!s && n->asked < TRIES) {
		ask(all, c, n);
		return;
	}
	n->state = !s                               ? NEWCOMER_SILENT
		   : s->lease != c->settings->lease ? NEWCOMER_UNLIKE
						    : NEWCOMER_THERE;
	n->since = c->now;
}

static bool is_over(const struct newcomer *n, struct mono now)
{
	const dur_ns life = n->state == NEWCOMER_SILENT ? SILENCE_LIFE : ANSWER_LIFE;

	return n->state > NEWCOMER_ASKED && mono_since(now, n->since) > life;
}

/* Its place, or one for it; null when all are taken by others. */
static struct newcomer *place_of(struct newcomers *all, member_id id, struct mono now)
{
	struct newcomer *place = NULL;

	for (size_t i = 0; i < NEWCOMERS; i++) {
		struct newcomer *n = &all->newcomer[i];

		if (is_over(n, now)) {
			n->state = NEWCOMER_NONE;
		}
		if (n->state != NEWCOMER_NONE && n->id == id) {
			return n;
		}
		if (n->state == NEWCOMER_NONE) {
			place = n;
		}
	}
	return place;
}

int newcomers_check(struct newcomers *all, const struct agent_context *c,
		    const struct member_address *at)
{
	const member_id id = member_id_of(at);
	struct newcomer *n = place_of(all, id, c->now);
	int rc = -EAGAIN;

	if (!n || n->state == NEWCOMER_ASKED) {
		return rc;
	}
	if (n->state == NEWCOMER_THERE) {
		return 0;
	}
	if (n->state == NEWCOMER_NONE) {
		*n = (struct newcomer){ .id = id, .at = *at };
		ask(all, c, n);
		return rc;
	}
	rc = n->state == NEWCOMER_SILENT ? -EHOSTUNREACH : -EPROTO;
	n->state = NEWCOMER_NONE; /* the next time it is asked anew */
	return rc;
}
