/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The list of voters: the members whose votes make a leader. It is changed by one member at a time,
 * and each member keeps the newest that it has heard of.
 *
 * Which of two is newer says the pair (term, version): the leader of a term puts its term on the
 * list of voters when it is elected, and counts the version up when it changes it. As in "Design
 * and Analysis of a Logless Dynamic Reconfiguration Protocol" (Schultz, Zhou, Dardik & Tripakis
 * 2021).
 */
#ifndef GROUP_CORE_VOTERS_H
#define GROUP_CORE_VOTERS_H

#include <stdbool.h>
#include <stddef.h>

#include "group/core/member.h"

/* Tells lists of voters apart without their ids. */
struct voters_stamp {
	uint64_t term;    /* of the leader that made or confirmed it; 0 for a list given at start */
	uint64_t version; /* counts the changes */
	uint64_t digest;  /* of the list, the same wherever the list is the same */
};

struct voters {
	struct voters_stamp stamp;
	size_t n;
	member_id id[MEMBERS_MAX]; /* ascending */
};

enum voters_order {
	VOTERS_OLDER,
	VOTERS_SAME,
	VOTERS_NEWER,
	VOTERS_CONTRARY, /* as new, but another list: members were started with unlike lists */
};

/*
 * The voters, these members, in any order; none at all is fine. 0, or -EINVAL (MEMBER_NONE, or
 * one of them twice), -E2BIG (more than MEMBERS_MAX); after an error *out is undefined.
 */
int voters_make(struct voters *out, uint64_t term, uint64_t version, const member_id *ids,
		size_t n);

/* How `a` relates to `b`. */
enum voters_order voters_compare(struct voters_stamp a, struct voters_stamp b);

/* The place of a member in the list, or -ENOENT. */
int voters_find(const struct voters *e, member_id id);

/* How many votes are more than half of them all. */
size_t voters_majority(const struct voters *e);

/*
 * The next version with one member more, or less. 0, or -EINVAL (MEMBER_NONE), -EEXIST, -ENOENT,
 * -E2BIG; after an error nothing has changed.
 */
int voters_add(struct voters *e, member_id id);
int voters_remove(struct voters *e, member_id id);

/* Which voters have said something: each counts once, however often it says so.
 */
struct tally {
	size_t n;
	uint64_t seen[MEMBERS_MAX / 64];
};

/* Note the member at this place in the list, [0, MEMBERS_MAX). */
void tally_add(struct tally *t, int place);

/* Whether that member has been noted. */
bool tally_has(const struct tally *t, int place);

#endif
