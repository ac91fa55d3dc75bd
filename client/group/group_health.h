/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a group does, as one of its members sees it: for people, and for a program that watches it.
 */
#ifndef CLIENT_GROUP_GROUP_HEALTH_H
#define CLIENT_GROUP_GROUP_HEALTH_H

#include "group/core/message.h"

/* The exit statuses of 'timesync group status'. */
enum group_health_state {
	GROUP_WELL = 0,
	GROUP_DEGRADED = 1, /* the clocks are cared for, but somebody should look */
	GROUP_LOST = 2,     /* nobody leads, or the member that was asked is none */
};

#define GROUP_HEALTH_TEXT_MAX 400

struct group_health {
	enum group_health_state state;
	bool has_spread;                  /* the asked one leads, and has measured clocks: */
	dur_ns spread;                    /* from the earliest to the latest of them */
	size_t answering, needed;         /* voters */
	char text[GROUP_HEALTH_TEXT_MAX]; /* the faults, as clauses; "" if there are none */
};

/*
 * Judge the status of a member, with all `n` members of its pages. A spread over `max_spread` is
 * degraded; 0: no limit.
 */
void group_health_judge(struct group_health *out, const struct group_status *s,
			const struct group_member_status *members, size_t n, dur_ns max_spread);

/* Whether the member that was asked is one, or is taken for one as long as that is not known. */
bool group_health_is_member(const struct group_status *s, const struct group_member_status *members,
			    size_t n);

/* Whether that member has been heard lately, or is the one that was asked. */
bool group_health_answers(const struct group_status *s, const struct group_member_status *m);

/* Its address in words, or "unknown"; the names of the settings that differ. Return `buf`. */
const char *group_health_address(const struct group_member_status *m, char buf[64]);
const char *group_health_unlike(const struct group_member_status *m, char buf[64]);

#endif
