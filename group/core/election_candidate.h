/* SPDX-License-Identifier: BSD-3-Clause */
/* A candidate: an attempt to lead. For group/core/election*.c only. */
#ifndef GROUP_CORE_ELECTION_CANDIDATE_H
#define GROUP_CORE_ELECTION_CANDIDATE_H

#include "group/core/election_steps.h"

/* As ELECTION_PROBING or ELECTION_CLAIMING. */
void election_probe(struct election *e, enum election_role role, struct mono now,
		    struct election_actions *out);
void election_stand(struct election *e, struct mono now, struct election_actions *out);
void election_repeat(struct election *e, struct mono now, struct election_actions *out);

election_handler election_on_candidate_answer;

#endif
