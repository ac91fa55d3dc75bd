/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A ticket: the right to correct this member's clock once.
 *
 * A member hands a ticket out with its answer to a poll, before its clock is measured. The
 * correction that is computed from the measurement has to bring it back: so it is of the leader
 * that this member obeys, of its term, was meant for this member, is not late, and cannot be
 * applied twice, to a clock that has been corrected since, or after a restart. A leader treats its
 * own clock likewise.
 */
#ifndef GROUP_CORE_TICKET_H
#define GROUP_CORE_TICKET_H

#include "group/core/election.h"

#define TICKET_NONCE_BYTES 16

struct ticket_nonce {
	uint8_t byte[TICKET_NONCE_BYTES];
};

/* Where a member keeps its only ticket; {0} at start. */
struct ticket {
	bool open;
	member_id leader;
	uint64_t term;
	struct ticket_nonce nonce;
	struct mono ends;
	bool corrected; /* the clock has been, */
	struct mono corrected_at;
};

struct ticket_limits {
	dur_ns max_correction; /* the cap: a larger one is refused; 0 for none */
	dur_ns min_interval;   /* from one correction to the next, at least; 0 for none */
};

/* A leader's statement about the time that it corrects clocks to. */
struct group_time {
	bool by_reference; /* it is that of references; else that of an island */
	bool afresh;       /* the references contradict the member's own claim */
	/*
	 * |UTC - a clock that is corrected| <= max_error, at the instant of the poll; negative:
	 * nobody knows.
	 */
	dur_ns max_error;
	int64_t drift_ppb; /* how fast the group's time runs off UTC at most */
};

/* A correction as it arrives, authentic as to `from`. */
struct correction {
	member_id from, to;
	uint64_t term;
	struct ticket_nonce nonce;
	dur_ns amount; /* to be added to the clock */
	dur_ns delay;  /* of the measurement */
	int64_t rate;  /* the common rate, 1e-12 */
	int64_t turn;  /* on top of that, for SERVO_TURN_CYCLES at most */
	struct group_time time;
};

enum ticket_verdict {
	TICKET_VALID,
	TICKET_NOT_FOR_ME,
	TICKET_OLD_TERM,   /* not of the term that this member is in now */
	TICKET_NOT_LEADER, /* not from the leader of its term */
	TICKET_UNKNOWN,    /* no such ticket: used already, replaced by a newer one, forged */
	TICKET_LATE,
	TICKET_TOO_LARGE,
	TICKET_TOO_SOON, /* after the correction before */
	TICKET_VERDICTS
};

/*
 * Hand out a ticket to the leader that election_obey has just said yes to, good for one lease; one
 * handed out before is void. The nonce has to be unpredictable, and never the same again.
 */
void ticket_issue(struct ticket *t, const struct election *e, const struct ticket_nonce *nonce,
		  struct mono now);

/* Whether this correction is to be applied now. Whatever the verdict, its ticket is used up. */
enum ticket_verdict ticket_redeem(struct ticket *t, const struct election *e,
				  const struct correction *c, const struct ticket_limits *limits,
				  struct mono now);

/* A verdict as a short clause for people, or "unknown"; a static string. */
const char *ticket_verdict_text(enum ticket_verdict v);

#endif
