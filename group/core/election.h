/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Election: who leads a group. Bully (Garcia-Molina 1982: the highest id that is there leads, and
 * takes over from a lower one), made safe for networks that lose, delay and part, with terms and
 * majorities (Ongaro & Ousterhout 2014, "In Search of an Understandable Consensus Algorithm") and
 * with leases (Gray & Cheriton 1989). docs/groups-protocol.md specifies the protocol.
 *
 * Guaranteed whatever the network does, members freeze or crash, as long as what was to be saved is
 * there after a restart, no two members have the same id, and none lies:
 *   - a term has at most one leader, and no member obeys two in one term;
 *   - a member never obeys the leader of a term that is older than one that it knows;
 *   - at most one leader may act at a time (election_may_act), as long as no two monotonic clocks
 *     differ in speed by more than 1/16. A leader that was stopped for longer than its lease finds
 *     out before it acts.
 * When more than half of the voters can talk to each other: one of them leads within about two
 * leases, and soon the highest of them.
 *
 * Limits: more than half of the voters must be there, or nobody leads and no clock is touched.
 * Of 2 that is both, of 3 it is 2. A member whose saved state is lost may vote twice in a term: it
 * has to be removed and added again, or come back under a new id. Lists given at start of which no
 * two majorities meet make two groups. The monotonic clock must go on while the machine is
 * suspended (CLOCK_BOOTTIME).
 *
 * Each function that takes `out` empties it and fills it with what is to be done. `now` never goes
 * back. What is not known, or is out of place, changes nothing.
 */
#ifndef GROUP_CORE_ELECTION_H
#define GROUP_CORE_ELECTION_H

#include "group/core/election_state.h"

/*
 * Begin, or go on after a restart: as a follower, with what was saved, or with term 0 and a
 * list of voters (0, 0) of the members that the user listed, itself among them. One that is not in
 * its list of voters, which may be empty, follows and obeys, but stands and counts only once a
 * leader has added it. After a restart, or one that was forgotten, it votes and stands only when a
 * lease has passed. 0, or -EINVAL.
 */
int election_init(struct election *e, const struct election_setup *setup,
		  const struct election_state *state, struct mono now);

/* When election_tick has to be called, at the latest; changes with every call. */
struct mono election_next(const struct election *e);

/* Time has passed. Harmless at any time. */
void election_tick(struct election *e, struct mono now, struct election_actions *out);

/*
 * A message has arrived, authentic as to `from`. Of what there is to send, at most one is an
 * answer, back to the sender. What was thought of the message: anything but ELECTION_YES is worth
 * counting.
 */
enum election_verdict election_receive(struct election *e, const struct election_message *m,
				       struct mono now, struct election_actions *out);

/*
 * `from` acts as the leader of a term, by its `serial`th poll: obey it? Follows it if it is the
 * leader of this or of a newer term. Does not renew its lease. A poll that is no newer than one of
 * that term before is ELECTION_REPEATED, changes nothing and is not to be answered. When the
 * verdict is another but ELECTION_YES there is an answer to send, in place of that to the poll,
 * which tells a leader that its term is over.
 */
enum election_verdict election_obey(struct election *e, member_id from, uint64_t term,
				    uint64_t serial, struct mono now, struct election_actions *out);

/*
 * Lead no more, if it does, handing over to the highest member that answers; and do not stand
 * again for `passive` ns (INT64_MAX: for ever, before the process ends).
 */
void election_step_down(struct election *e, dur_ns passive, struct mono now,
			struct election_actions *out);

/*
 * Leader only: add a member to the voters, or remove one. The change holds at once; who is
 * removed is told so when a majority has it. 0, or -EPERM (does not lead), -EAGAIN (the change
 * before, or the election, is not yet with a majority: try again), -EEXIST, -ENOENT, -E2BIG,
 * -EINVAL (MEMBER_NONE, or the leader itself: step down first).
 */
int election_add(struct election *e, member_id id, struct mono now, struct election_actions *out);
int election_remove(struct election *e, member_id id, struct mono now,
		    struct election_actions *out);

/*
 * Go on with these voters, this one among them, although a majority of the present ones is missing:
 * for good, as far as anybody can know. Nobody may lead now. A new term, far ahead of those that
 * the missing ones may have got to, makes this list newer than theirs. If they are not gone, there
 * are two groups until they hear of each other. 0, or -EBUSY (there is a leader), -EINVAL.
 */
int election_recover(struct election *e, const member_id *ids, size_t n, struct mono now,
		     struct election_actions *out);

#endif
