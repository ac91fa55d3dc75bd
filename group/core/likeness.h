/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the members have the same settings. The leader asks each member once a minute. A member
 * asks its leader or, without one, all others. Differences are logged, once a minute for each
 * member, and stand in the status.
 */
#ifndef GROUP_CORE_LIKENESS_H
#define GROUP_CORE_LIKENESS_H

#include "group/core/context.h"

/* {0} at start. */
struct likeness {
	struct mono at; /* when to ask next, */
	size_t next;    /* and the member, by its place in the list of voters */
	bool all_asked; /* once */
};

void likeness_tick(struct likeness *k, const struct agent_context *c);

/* The answer to a question of likeness_tick; null: there is none. */
void likeness_status(const struct agent_context *c, const struct agent_tag *tag,
		     const struct group_status *s);

struct mono likeness_next(const struct likeness *k, const struct agent_context *c);

#endif
