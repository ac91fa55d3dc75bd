/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Election: who leads a group. Bully (Garcia-Molina 1982: the highest id that is there leads, and
 * takes over from a lower one), made safe for networks that lose, delay and part, with terms and
 * majorities (Ongaro & Ousterhout 2014, "In Search of an Understandable Consensus Algorithm") and
 * with leases (Gray & Cheriton 1989). docs/groups-protocol.md specifies the protocol.
 *
 * Guarantees, whatever the network does and whichever members freeze or crash, as long as the saved
 * state is there after a restart, no two members have the same id, and none lies:
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
 * has to be removed and added again, or come back under a new id. If members start with different
 * lists, and a majority of one list need not share a member with a majority of the other, there may
 * be two groups. The monotonic clock must go on while the machine is suspended (CLOCK_BOOTTIME).
 *
 * Each function that takes `out` empties it, then puts in the actions to take. `now` never goes
 * back. Messages that are unknown or out of place change nothing.
 */
#ifndef GROUP_CORE_ELECTION_H
#define GROUP_CORE_ELECTION_H

#include "group/core/election_state.h"

/*
 * Begin, or go on after a restart: as a follower, with the saved state, or with term 0 and a list
 * of voters (0, 0) of the members that the user listed, itself among them. The list may be empty.
 * A member that is not in its own list follows and obeys, but stands and counts only once a leader
 * has added it. After a restart, also one that it has forgotten, it votes and stands only when a
 * lease has passed. 0, or -EINVAL.
 */
int election_init(struct election *e, const struct election_setup *setup,
		  const struct election_state *state, struct mono now);

/* When election_tick has to be called, at the latest; changes with every call. */
struct mono election_next(const struct election *e);

/* Time has passed. Harmless at any time. */
void election_tick(struct election *e, struct mono now, struct election_actions *out);

/*
 * A message has arrived, and `from` is authentic. At most one of the messages to send is an answer,
 * back to the sender. Returns the verdict on the message: any but ELECTION_YES is worth counting.
 */
enum election_verdict election_receive(struct election *e, const struct election_message *m,
				       struct mono now, struct election_actions *out);

/*
 * `from` acts as the leader of a term, by its `serial`th poll: obey it? Follows it if it is the
 * leader of this or of a newer term. Does not renew its lease. A poll that is no newer than an
 * earlier one of that term is ELECTION_REPEATED: it changes nothing and gets no answer. With any
 * other verdict than ELECTION_YES, `out` has an answer to send in place of that to the poll. It
 * tells the sender that its term is over.
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
 * Leader only: add a member to the voters, or remove one. The change holds at once. A removed
 * member is told so when a majority has the change. 0, or -EPERM (does not lead), -EAGAIN (the
 * previous change, or the election, is not yet with a majority: try again), -EEXIST, -ENOENT,
 * -E2BIG, -EINVAL (MEMBER_NONE, or the leader itself: step down first).
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
