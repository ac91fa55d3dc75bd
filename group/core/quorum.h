/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A member without a leader logs once a minute how many of the voters answer, how many are needed,
 * and which leader the others follow, if they do.
 */
#ifndef GROUP_CORE_QUORUM_H
#define GROUP_CORE_QUORUM_H

#include "group/core/context.h"

/* A voter that has not been heard for so many leases does not answer. */
#define QUORUM_HEARD_LEASES 4

/* {0} at start. */
struct quorum {
	bool lost;         /* there is no leader, */
	struct mono since; /* since then */
	struct seldom said;
};

/* The number of voters that answer, this one among them; their ids go to `ids` unless null. */
size_t quorum_answering(const struct agent_context *c, member_id *ids);

/* Look for a leader, and log the reason when there has been none for a while. */
void quorum_tick(struct quorum *q, const struct agent_context *c);

#endif
