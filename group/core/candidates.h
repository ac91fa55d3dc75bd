/* SPDX-License-Identifier: BSD-3-Clause */
/* Hosts that have answered a broadcast may be members, and are asked for their status. */
#ifndef GROUP_CORE_CANDIDATES_H
#define GROUP_CORE_CANDIDATES_H

#include "group/core/context.h"

#define CANDIDATES 16

struct candidate {
	member_id id;
	struct member_address at;
	bool asked; /* a call is under way */
};

/* {0} at start. */
struct candidates {
	enum agent_part part; /* that asks them */
	struct candidate candidate[CANDIDATES];
};

/*
 * Ask the member at that address for its status, if there is a place for it. A host that names all
 * its ports takes no more than one.
 */
void candidates_ask(struct candidates *all, const struct agent_context *c,
		    const struct member_address *at);

/* The candidate that a call with that tag went to: its call is over. Null if its place has passed
 * to another.
 */
struct candidate *candidates_answered(struct candidates *all, const struct agent_tag *tag);

#endif
