/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The status of a group's member, for people and as JSON.
 */
#ifndef CLIENT_GROUP_GROUP_REPORT_H
#define CLIENT_GROUP_GROUP_REPORT_H

#include "client/group/group_health.h"
#include "group/wire/codec.h"

/*
 * A status with all its members, `n` of them, which may be more than s->members has, and how the
 * group does.
 */
void group_report_print(const struct group_status *s, const struct group_member_status *members,
			size_t n, const struct group_health *health);
void group_report_json(const struct group_status *s, const struct group_member_status *members,
		       size_t n, const struct group_health *health);

#endif
