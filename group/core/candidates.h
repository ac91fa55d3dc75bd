/* SPDX-License-Identifier: BSD-3-Clause */
/* Those that have answered a broadcast, and are asked for their status, as they may be members. */
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
	enum agent_part part; /* whose they are */
	struct candidate candidate[CANDIDATES];
};

/*
 * Ask the member at that address for its status, if there is a place for it. A host that names all
 * its ports takes no more than one.
 */
void candidates_ask(struct candidates *all, const struct agent_context *c,
		    const struct member_address *at);

/* The one that a call with that tag went to, asked no more; null if its place is another's by now.
 */
struct candidate *candidates_answered(struct candidates *all, const struct agent_tag *tag);

#endif
