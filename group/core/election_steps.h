/* SPDX-License-Identifier: BSD-3-Clause */
/* The steps that all parts of an election share: for group/core/election*.c only. */
#ifndef GROUP_CORE_ELECTION_STEPS_H
#define GROUP_CORE_ELECTION_STEPS_H

#include "group/core/election_state.h"

/* One step between candidates; the highest starts first. */
static inline dur_ns election_stagger(const struct election *e)
{
	return e->setup.lease / 8;
}

/*
 * First of all in every entry point: empty `out`, and end a lease or an attempt whose time is over,
 * however late this member is.
 */
void election_begin(struct election *e, struct mono now, struct election_actions *out);

/* This member's own delay before it stands, after any wait that is due: by rank, and random. */
dur_ns election_delay(struct election *e);

/* A message of this kind, all but its own fields filled in, put last in `out`. */
struct election_message *election_send(const struct election *e, struct election_actions *out,
				       enum election_kind kind, member_id to);

/* The answer to a question, put last in `out`; nothing if the message is no question. */
void election_answer(const struct election *e, const struct election_message *question,
		     enum election_verdict verdict, struct election_actions *out);

/* Nobody yet but this member. */
struct tally election_tally(const struct election *e);

/* Whether a tally is a majority of the voters. */
bool election_suffices(const struct election *e, const struct tally *t);

/*
 * Whether to process a message of that term. No message raises this member's term by more than a
 * group can have advanced, nor by a large amount more than once an hour. Otherwise two messages
 * could move it so far that it and the others refuse each other for ever.
 */
bool election_term_is_sane(const struct election *e, uint64_t term, struct mono now);

/* Enter a newer term: without a vote or a leader, as a follower. */
void election_enter(struct election *e, uint64_t term, struct mono now);

/* Become, or stay, a follower that waits this long, and its delay, before it stands. */
void election_wait(struct election *e, dur_ns wait, struct mono now);

/* Whether what this member has promised keeps it from helping `candidate` into office. */
bool election_bound(const struct election *e, member_id candidate, struct mono now);

/* Whether this member may try to lead. */
bool election_can_stand(const struct election *e, struct mono now);

/* From 0 to `most`. */
dur_ns election_random(struct election *e, dur_ns most);

/* Try later to take over from a lower leader. */
void election_put_off_claim(struct election *e, struct mono now);

/* Handles a message for this member, with a sane term and the same lease. */
typedef enum election_verdict election_handler(struct election *e, const struct election_message *m,
					       struct mono now, struct election_actions *out);

#endif
