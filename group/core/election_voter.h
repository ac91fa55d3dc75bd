/* SPDX-License-Identifier: BSD-3-Clause */
/* A voter: helps others to lead, and follows them. For group/core/election*.c only. */
#ifndef GROUP_CORE_ELECTION_VOTER_H
#define GROUP_CORE_ELECTION_VOTER_H

#include "group/core/election_steps.h"

/* Whether `from` leads `term` as far as this member knows; enters that term if it is new. */
enum election_verdict election_follow(struct election *e, member_id from, uint64_t term,
				      struct mono now);

/* Whether that serial number is newer than all before; then it is the newest. */
bool election_is_new(struct election *e, uint64_t *newest, uint64_t serial, struct mono now);

election_handler election_on_probe, election_on_vote, election_on_heartbeat, election_on_voters,
	election_on_resign;

#endif
