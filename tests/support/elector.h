/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One member of a group in a test's hands: the others are what the test says in their names.
 */
#ifndef TESTS_SUPPORT_ELECTOR_H
#define TESTS_SUPPORT_ELECTOR_H

#include "group/core/election.h"

#define ELECTOR_LEASE (1600 * NS_PER_MS)

struct elector {
	struct election e;
	struct mono now;
	struct election_actions out; /* of the latest call */
};

/* A new member `self` of the voters with ids 1 to n. */
void elector_start(struct elector *x, member_id self, size_t n);

/* Its process ends and starts again: only the saved state is left. */
void elector_restart(struct elector *x);

/* Save, if that is asked for, as an agent would. */
void elector_save(struct elector *x);

/* Time passes, and then it looks what there is to do. */
void elector_pass(struct elector *x, dur_ns time);

/* A message that is as it should be, from another of the same voters. */
struct election_message elector_message(const struct elector *x, enum election_kind kind,
					member_id from, uint64_t term);

/* It arrives; what the member thinks of it. Saves. */
enum election_verdict elector_hear(struct elector *x, const struct election_message *m);
/* The same for a message of elector_message. */
enum election_verdict elector_told(struct elector *x, enum election_kind kind, member_id from,
				   uint64_t term);

/* What the latest call sent of this kind; null if nothing. */
const struct election_message *elector_sent(const struct elector *x, enum election_kind kind);

/* `from` says yes to the latest question. */
enum election_verdict elector_agree(struct elector *x, enum election_kind answer, member_id from);

/* Let time pass until it sends a message of this kind: how long that was. Fails after 10 leases. */
dur_ns elector_until(struct elector *x, enum election_kind kind);

/* Make it the leader, by the voices of all the others. */
void elector_elect(struct elector *x);

#endif
