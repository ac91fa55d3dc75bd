/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The messages of a group's members, as plain structures. group/wire/timegroup.x
 * defines and explains each field; group/wire/codec.h encodes them.
 */
#ifndef GROUP_CORE_MESSAGE_H
#define GROUP_CORE_MESSAGE_H

#include "group/core/election.h"
#include "group/core/ticket.h"

#define GROUP_NAME_MAX 32
#define GROUP_PAGE     80 /* members in one answer to STATUS, at most */

enum group_procedure {
	GROUP_POLL = 1,
	GROUP_ADJUST = 2,
	GROUP_ELECTION = 3,
	GROUP_JOIN = 4,
	GROUP_LEAVE = 5,
	GROUP_STATUS = 6,
	GROUP_STEP_DOWN = 7,
	GROUP_RECOVER = 8,
};

/* A member's counters: the places of timegroup_status.counts. More may follow. */
enum group_count {
	GROUP_COUNT_CYCLES,       /* that it led to their end */
	GROUP_COUNT_CORRECTIONS,  /* of its clock */
	GROUP_COUNT_BAD_MAC,      /* refused: no MAC by a key of the group */
	GROUP_COUNT_MALFORMED,    /* refused: authentic, but no such message */
	GROUP_COUNT_MISDIRECTED,  /* refused: to another member or group */
	GROUP_COUNT_OLD_TERM,     /* refused: of a leader whose term is over */
	GROUP_COUNT_NOT_LEADER,   /* refused: a correction from one who does not lead */
	GROUP_COUNT_REPLAYED,     /* refused: an old message, or a nonce that is not valid */
	GROUP_COUNT_LATE,         /* refused: a correction that came too late or too soon */
	GROUP_COUNT_TOO_LARGE,    /* refused: a correction above the cap */
	GROUP_COUNT_CLOCK_MOVED,  /* refused: somebody else has set the clock meanwhile */
	GROUP_COUNT_ELECTION,     /* election messages that were declined */
	GROUP_COUNT_RIVALS,       /* answers from leaders of other groups of our name and key */
	GROUP_COUNT_RATE_LIMITED, /* not answered: more than an address may call */
	GROUP_COUNT_DENIED,       /* not answered: from an address that is not allowed */
	GROUP_COUNT_COASTED,      /* corrections that contradict the estimates, ignored once */
	GROUP_COUNT_UNABLE,       /* corrections of a clock whose rate is out of reach */
	GROUP_COUNTS
};

struct group_head {
	char group[GROUP_NAME_MAX + 1];
	member_id from, to;
	uint64_t term;
};

/* Where members are that have addresses of IPv6: all others need not be told. */
#define GROUP_TOLD 8
struct group_told {
	size_t n;
	struct member_address at[GROUP_TOLD];
};

/* from, to and term are in the message; its list of voters, if it has one, in `voters`. */
struct group_election {
	struct election_message message;
	struct voters voters;
	struct group_told told;
};

struct group_poll_call {
	struct group_head head;
	uint64_t serial;
	struct ticket_nonce once;
};

/* A member's report on its clock. */
struct group_report {
	bool reference; /* something else keeps it */
	bool unsettled; /* it has not been right since its member began, or somebody else set it */
	bool follows;   /* it was last told of a time that is the references' */
	bool learned;   /* it has followed references: its rate was that then: */
	int64_t learned_ppb;
	int64_t frequency_ppb; /* the correction of its rate in force, without slews */
	dur_ns max_error;      /* from UTC at most, or GROUP_UNKNOWN_ERROR: nobody knows; ... */
	int64_t drift_ppb;     /* ... and how fast that grows; >= 0 */
};

#define GROUP_UNKNOWN_ERROR (-1)

struct group_poll_result {
	struct group_head head;
	bool refused; /* `refusal` says why, and the rest is not filled in */
	struct election_message refusal;
	struct ticket_nonce nonce;
	ts_ns ts2, ts3;
	struct group_report report;
};

enum group_outcome {
	GROUP_NOT_SENT,
	GROUP_UNANSWERED,
	GROUP_SLEWED,
	GROUP_STEPPED,
	GROUP_RIGHT,
	GROUP_REFUSED,
	GROUP_COASTED,
	GROUP_UNABLE,
	GROUP_KEPT,
	GROUP_OUTCOMES
};

struct group_adjust {
	struct group_head head;
	struct ticket_nonce nonce;
	dur_ns correction, delay;
	int64_t rate, turn;
	struct group_time time;
};

struct group_change {
	struct group_head head;
	struct ticket_nonce nonce;
	struct member_address address; /* nowhere: none */
};

enum group_answer {
	GROUP_DONE,
	GROUP_NOT_LEADER,
	GROUP_TRY_AGAIN,
	GROUP_EXISTS,
	GROUP_UNKNOWN,
	GROUP_FULL,
	GROUP_IMPOSSIBLE,
	GROUP_OLD_NONCE,
	GROUP_UNREACHABLE,
	GROUP_OTHER_LEASE,
	GROUP_NOT_SAVED,
	GROUP_ANSWERS
};

enum group_part {
	GROUP_IN_MEAN,
	GROUP_TOO_FAR,
	GROUP_TOO_VAGUE,
	GROUP_UNMEASURED,
	GROUP_NO_ANSWER,
	GROUP_NEW,
	GROUP_TOO_LARGE,
	GROUP_IS_REFERENCE,
	GROUP_PARTS
};

/* The result of a cycle for a reference. */
enum group_reference {
	GROUP_REFERENCE_NONE, /* no reference, as far as is known */
	GROUP_REFERENCE_FOLLOWED,
	GROUP_REFERENCE_UNSYNCHRONISED,
	GROUP_REFERENCE_ABSENT,      /* not measured */
	GROUP_REFERENCE_NEW,         /* not there for long enough */
	GROUP_REFERENCE_AHEAD,       /* of where most references are */
	GROUP_REFERENCE_BEHIND,      /* likewise */
	GROUP_REFERENCE_NO_MAJORITY, /* of references agrees */
	GROUP_REFERENCE_TOO_LARGE,   /* too far from the group's time to be followed */
	GROUP_REFERENCE_TOO_MANY,    /* there are more than count */
	GROUP_REFERENCES
};

/* A setting that is to be the same everywhere: a bit of group_member_status.unlike. */
enum group_setting {
	GROUP_SETTING_LEASE,
	GROUP_SETTING_CYCLE,
	GROUP_SETTING_TOLERANCE,
	GROUP_SETTING_MAX_CORRECTION,
	GROUP_SETTINGS
};

struct group_status_args {
	struct group_head head;
	struct ticket_nonce once;
	uint32_t first;
	size_t members; /* so many fit into the answer, [0, GROUP_PAGE] */
};

struct group_member_status {
	member_id id;
	struct member_address address; /* nowhere: not known */
	dur_ns heard;
	enum group_part part;
	dur_ns offset, delay, correction;
	enum group_outcome outcome;
	enum group_reference reference;
	dur_ns max_error;      /* from UTC, as it says; or GROUP_UNKNOWN_ERROR */
	int64_t frequency_ppb; /* as it says */
	uint32_t unlike;       /* 1 << each enum group_setting that differs from the asked one's */
};

struct group_status {
	struct group_head head;
	struct ticket_nonce nonce;
	member_id leader;
	dur_ns leader_for; /* so long it has been that one, or none */
	bool leads, insecure;
	dur_ns lease, cycle, tolerance, max_correction;
	dur_ns corrected, correction;
	dur_ns cycle_ended, cycle_took, mean;
	bool reference;    /* it is one itself */
	bool follows;      /* the group's time is its references', as it was told, */
	dur_ns source_for; /* for so long; -1: it was never told */
	dur_ns max_error;  /* of its clock, from UTC; or GROUP_UNKNOWN_ERROR */
	uint32_t used;
	uint64_t counts[GROUP_COUNTS];
	uint32_t total;
	size_t n; /* members in this answer */
	struct group_member_status members[GROUP_PAGE];
};

#endif
