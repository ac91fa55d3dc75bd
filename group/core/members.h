/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The members of a group that this one knows: the address of each, when it was heard, and its clock
 * as the last cycle measured it.
 */
#ifndef GROUP_CORE_MEMBERS_H
#define GROUP_CORE_MEMBERS_H

#include "core/seldom.h"
#include "group/core/references.h"

/* A leader's knowledge of a member's clock in a cycle. */
struct group_poll {
	bool answered; /* authentically, with a ticket: */
	struct ticket_nonce nonce;
	dur_ns authentic_offset, authentic_error; /* by the answer itself */
	/* By the answer, or by the best GET_TIMESTAMPS if its max_error is smaller: */
	dur_ns offset, max_error, delay;
	struct group_report report;
	enum group_reference reference;
	enum group_part part;
	dur_ns correction;
	enum group_outcome outcome;
};

struct group_member {
	member_id id;
	struct member_address at;
	bool was_heard;
	struct mono heard;
	struct group_poll poll; /* by the running cycle, if there is one */
	struct group_poll last; /* by the last cycle that was completed */
	unsigned unlike;        /* as in the status */
	struct seldom said_unlike;
	bool is_reference; /* as it has said last */
	/* In this leader's term: */
	unsigned agreed; /* so many cycles in a row, up to CYCLE_TRUSTED */
	bool counted;    /* it has: the last time in that cycle, and ... */
	uint64_t counted_in;
	int64_t counted_ppb;  /* ... with that frequency, less the learned one, ... */
	bool counted_learned; /* ... if it has learned one */
	struct reference_record record;
	enum group_reference said_reference; /* logged */
	struct seldom said_reference_at;
};

struct group_members {
	size_t n;
	size_t max;                  /* the places that there are */
	struct group_member *member; /* the caller's */
};

/* The member of that id, or null. Valid until one is added. */
struct group_member *group_members_known(const struct group_members *m, member_id id);

/* The same, quickly if it is at that place. */
struct group_member *group_members_at(const struct group_members *m, size_t place, member_id id);

/*
 * Add the member at that address, unless it is there. When all places are taken, a member that is
 * not in `all` and is not `self` gives up its place. The place; or -E2BIG, -EINVAL (nowhere).
 */
int group_members_add(struct group_members *m, const struct member_address *at,
		      const struct voters *all, member_id self);

/*
 * The member of that id. A member that is not known is added if its id tells its address. Null if
 * there is none.
 */
struct group_member *group_members_find(struct group_members *m, member_id id,
					const struct voters *all, member_id self);

/* The maximum error of the offset, even if somebody has forged the finer answers. */
dur_ns group_poll_error(const struct group_poll *p);

/* A cycle begins: its polls are empty. It ends: its polls become the last ones. */
void group_members_begin_cycle(struct group_members *m);
void group_members_end_cycle(struct group_members *m);

/* Something new and authentic has come from that member, if it is known. */
void group_members_heard(struct group_members *m, member_id from, struct mono now);

#endif
