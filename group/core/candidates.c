/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/core/candidates.h"

/* A place for one at that host; null if another there is being asked already, or too many are. */
static struct candidate *take_place(struct candidates *all, const struct host *host)
{
	struct candidate *place = NULL;

	for (size_t i = 0; i < CANDIDATES; i++) {
		struct candidate *c = &all->candidate[i];

		if (!c->asked) {
			place = c;
		} else if (host_equal(host, &c->at.host)) {
			return NULL;
		}
	}
	return place;
}

void candidates_ask(struct candidates *all, const struct agent_context *c,
		    const struct member_address *at)
{
	const member_id id = member_id_of(at);
	struct candidate *place =
		id == MEMBER_NONE || id == c->self ? NULL : take_place(all, &at->host);

	if (place) {
		*place = (struct candidate){ .id = id, .at = *at, .asked = true };
		context_ask_status(c, all->part, (size_t)(place - all->candidate), at, 0);
	}
}

struct candidate *candidates_answered(struct candidates *all, const struct agent_tag *tag)
{
	struct candidate *c = tag->place < CANDIDATES ? &all->candidate[tag->place] : NULL;

	if (!c || !c->asked || c->id != tag->to) {
		return NULL;
	}
	c->asked = false;
	return c;
}
