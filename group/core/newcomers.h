/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A newcomer has to answer before it is let in: authentically, in our group, with our lease. A
 * member that cannot be reached would count in every majority all the same, and end a group of one.
 */
#ifndef GROUP_CORE_NEWCOMERS_H
#define GROUP_CORE_NEWCOMERS_H

#include "group/core/context.h"

#define NEWCOMERS 16

enum newcomer_state {
	NEWCOMER_NONE,
	NEWCOMER_ASKED,  /* a call is under way */
	NEWCOMER_THERE,  /* has answered */
	NEWCOMER_SILENT, /* has not, however often it was asked */
	NEWCOMER_UNLIKE, /* has answered that its lease is another */
};

struct newcomer {
	member_id id;
	struct member_address at;
	enum newcomer_state state;
	unsigned asked;    /* so often */
	struct mono since; /* when its state was found out */
};

/* {0} at start. */
struct newcomers {
	struct newcomer newcomer[NEWCOMERS];
};

/*
 * Whether the member at that address has answered lately: 0, -EAGAIN (it is being asked), or, until
 * it is asked again, -EHOSTUNREACH (it did not answer), -EPROTO (its lease is another).
 */
int newcomers_check(struct newcomers *all, const struct agent_context *c,
		    const struct member_address *at);

/* One of them has answered with its status, or has not: null. */
void newcomers_status(struct newcomers *all, const struct agent_context *c,
		      const struct agent_tag *tag, const struct group_status *s);

#endif
