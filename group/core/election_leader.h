/* SPDX-License-Identifier: BSD-3-Clause */
/* A leader. For group/core/election*.c only. */
#ifndef GROUP_CORE_ELECTION_LEADER_H
#define GROUP_CORE_ELECTION_LEADER_H

#include "group/core/election_steps.h"

void election_lead(struct election *e, struct mono now, struct election_actions *out);
void election_heartbeat(struct election *e, struct mono now, struct election_actions *out);
void election_send_voters(const struct election *e, member_id to, struct election_actions *out);
void election_resign(struct election *e, member_id successor, struct mono now,
		     struct election_actions *out);
/* The highest other member that has answered within a lease, or MEMBER_NONE. */
member_id election_successor(const struct election *e, struct mono now);

/* Tell a member that was removed so, once a majority has that change. */
void election_tell_removed(struct election *e, struct election_actions *out);

election_handler election_on_heartbeat_answer, election_on_claim;

#endif
