/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An electorate: the members whose votes make a leader. It is changed by one member at a time, and
 * each member keeps the newest that it has heard of.
 *
 * Which of two is newer says the pair (term, version): the leader of a term puts its term on the
 * electorate when it is elected, and counts the version up when it changes it. As in "Design and
 * Analysis of a Logless Dynamic Reconfiguration Protocol" (Schultz, Zhou, Dardik & Tripakis 2021).
 */
#ifndef GROUP_CORE_ELECTORATE_H
#define GROUP_CORE_ELECTORATE_H

#include <stdbool.h>
#include <stddef.h>

#include "group/core/member.h"

/* What tells electorates apart without their lists. */
struct electorate_stamp {
	uint64_t term;    /* of the leader that made or confirmed it; 0 for a list given at start */
	uint64_t version; /* counts the changes */
	uint64_t digest;  /* of the list, the same wherever the list is the same */
};

struct electorate {
	struct electorate_stamp stamp;
	size_t n;
	member_id id[MEMBERS_MAX]; /* ascending */
};

enum electorate_order {
	ELECTORATE_OLDER,
	ELECTORATE_SAME,
	ELECTORATE_NEWER,
	ELECTORATE_CONTRARY, /* as new, but another list: members were started with unlike lists */
};

/*
 * An electorate of these members, in any order; none at all is fine. 0, or -EINVAL (MEMBER_NONE, or
 * one of them twice), -E2BIG (more than MEMBERS_MAX); after an error *out is undefined.
 */
int electorate_make(struct electorate *out, uint64_t term, uint64_t version, const member_id *ids,
		    size_t n);

/* How `a` relates to `b`. */
enum electorate_order electorate_compare(struct electorate_stamp a, struct electorate_stamp b);

/* The place of a member in the list, or -ENOENT. */
int electorate_find(const struct electorate *e, member_id id);

/* How many votes are more than half of them all. */
size_t electorate_majority(const struct electorate *e);

/*
 * The next version with one member more, or less. 0, or -EINVAL (MEMBER_NONE), -EEXIST, -ENOENT,
 * -E2BIG; after an error nothing has changed.
 */
int electorate_add(struct electorate *e, member_id id);
int electorate_remove(struct electorate *e, member_id id);

/* Which members of an electorate have said something: each counts once, however often it says so.
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
