/* SPDX-License-Identifier: BSD-3-Clause */
/* Those that are asked for their status, as they may be members. */
#include <string.h>

#include "group/agent/private.h"

/*
 * A place for who is at that host; null if somebody there is being asked already, so that a host
 * that names all its ports takes no more than one; or if too many are.
 */
static struct group_candidate *take_place(struct group_candidate *all, const struct address *at)
{
	const struct host host = address_host(at);
	struct group_candidate *place = NULL;

	for (size_t i = 0; i < GROUP_CANDIDATES; i++) {
		struct group_candidate *c = &all[i];
		const struct host other = address_host(&c->member.at);

		if (!c->asked) {
			place = c;
		} else if (memcmp(&host, &other, sizeof(host)) == 0) {
			return NULL;
		}
	}
	return place;
}

void group_candidates_ask(struct group *g, struct group_candidate *all, const struct address *at)
{
	const member_id id = group_members_id(at);
	struct group_candidate *c = id == g->self->id ? NULL : take_place(all, at);

	if (!c) {
		return;
	}
	/* From within the end of a call to it, which is counted until then. */
	c->member =
		(struct group_member){ .id = id, .at = *at, .owner = c, .calls = c->member.calls };
	c->asked = group_calls_ask_status(g, &c->member) == 0;
}
