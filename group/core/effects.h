/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The effects of one step of an agent, in their order. The process carries them out;
 * the simulator does so in its world.
 */
#ifndef GROUP_CORE_EFFECTS_H
#define GROUP_CORE_EFFECTS_H

#include "group/core/message.h"
#include "group/core/servo.h"

/* --- calls --- */

/* The part of the agent that has asked: the answer brings it back. */
enum agent_part {
	AGENT_PART_NONE, /* nobody waits for it */
	AGENT_PART_ELECTION,
	AGENT_PART_CYCLE,
	AGENT_PART_FINDER,
	AGENT_PART_RIVALS,
	AGENT_PART_NEWCOMERS,
	AGENT_PART_LIKENESS,
};

struct agent_tag {
	enum agent_part part;
	member_id to;   /* the member that was asked */
	size_t place;   /* the part's own */
	uint64_t cycle; /* AGENT_PART_CYCLE: which */
};

/* A call to a member. The sender's head is made by the agent; its `to` is that of the tag. */
struct agent_send {
	struct agent_tag tag; /* `to` MEMBER_NONE: a call to each other voter */
	struct member_address at;
	enum group_procedure proc;
	dur_ns timeout; /* for the answer */
	struct group_head head;
	union {
		struct group_poll_call poll;
		struct group_adjust adjust;
		struct group_change change;
		struct group_status_args status;
		struct {
			struct election_message message;
			struct group_told told;
		} election;
	};
};

/* A GET_TIMESTAMPS to a member. */
struct agent_measure {
	struct agent_tag tag;
	struct member_address at;
	dur_ns timeout;
};

/* The answer to the call of this step. */
struct agent_reply {
	enum group_procedure proc;
	bool misdirected; /* refuse it: it is for another member or group; the rest is empty */
	struct group_head head;
	union {
		struct group_poll_result poll; /* ts2 and ts3 are for the process to fill in */
		enum group_outcome outcome;
		enum group_answer answer;
		struct {
			bool has_answer;
			struct election_message message;
		} election;
		/* The agent's, until the next step; the process may add what it has counted. */
		struct group_status *status;
	};
};

/* --- the log --- */

enum agent_note_kind {
	AGENT_NOTE_REFUSED, /* at (or nowhere), text (why), number (of such so far) */
	AGENT_NOTE_UNSAVED, /* error */
	AGENT_NOTE_SAVED_AGAIN,
	AGENT_NOTE_MEMBER,    /* number (of members) */
	AGENT_NOTE_NO_MEMBER, /* at (this member's) */
	AGENT_NOTE_LEADING,   /* number (the term) */
	AGENT_NOTE_FOLLOWING, /* at (or nowhere), number (the term) */
	AGENT_NOTE_NO_LEADER,
	/* number (of voters that answer), other (of all), duration (since), at (their leader)
	 */
	AGENT_NOTE_NO_QUORUM,
	AGENT_NOTE_UNLIKE, /* at, number (enum group_setting), duration (its), other (ours) */
	AGENT_NOTE_CLOCK_LOST,
	AGENT_NOTE_CLOCK_BACK,
	AGENT_NOTE_STEPPED,     /* duration (added to the clock) */
	AGENT_NOTE_UNCORRECTED, /* duration, error */
	AGENT_NOTE_UNABLE,      /* number (ppb that it needs, signed), other (that it may have) */
	AGENT_NOTE_ABLE,
	AGENT_NOTE_UNDECIDED,
	AGENT_NOTE_SOURCE,    /* number (1: references, 0: an island) */
	AGENT_NOTE_REFERENCE, /* at (a reference's), number (enum group_reference) */
	AGENT_NOTE_LOOKING,
	AGENT_NOTE_OTHER_LEASE, /* at, duration (its lease) */
	AGENT_NOTE_JOINED,      /* at (the leader's) */
	AGENT_NOTE_UNHEARD,     /* at (the leader's) */
	AGENT_NOTE_NOT_LET_IN,  /* at (the leader's), text (why) */
	AGENT_NOTE_NOBODY_LEADS,
	AGENT_NOTE_NOBODY_ANSWERS, /* error of the question, or 0 */
	AGENT_NOTE_RIVAL,          /* at (its leader's), number (its members), other (ours) */
	AGENT_NOTE_CHANGE,         /* number (enum group_procedure), other (enum group_answer) */
	AGENT_NOTE_KINDS
};

struct agent_note {
	enum agent_note_kind kind;
	struct member_address at;
	uint64_t number, other;
	dur_ns duration;
	const char *text; /* static */
	int error;        /* -errno */
};

/* --- all of them --- */

enum agent_effect_kind {
	/*
	 * Make election_to_save() durable. The last of its step: the next event is AGENT_SAVED.
	 * Effects that depend on it are held back until then.
	 */
	AGENT_SAVE,
	/*
	 * Step and steer the clock, if nobody has set it since it was observed for this step. The
	 * last of its step: the next event is AGENT_CORRECTED.
	 */
	AGENT_CORRECT,
	/* Make election_to_save() and agent_memory() durable. Nothing waits for it. */
	AGENT_REMEMBER,
	AGENT_SEND,
	AGENT_MEASURE,
	AGENT_REPLY,
	AGENT_SEARCH,     /* ask by broadcast for members; each answer is an AGENT_FOUND */
	AGENT_SEARCH_END, /* take no more answers */
	AGENT_NOTE,       /* log it */
	AGENT_END,        /* this member has left */
};

struct agent_effect {
	enum agent_effect_kind kind;
	union {
		struct agent_send send;
		struct agent_measure measure;
		struct agent_reply reply;
		struct servo_steering correct;
		struct agent_note note;
	};
};

/* A turn's polls or corrections, a burst, the election's messages, log entries, and to spare. */
#define AGENT_EFFECTS_MAX 96

struct agent_effects {
	size_t n;
	bool overrun; /* there were more: must never happen */
	struct agent_effect effect[AGENT_EFFECTS_MAX];
};

/* One more, empty, put last. */
struct agent_effect *effects_add(struct agent_effects *out, enum agent_effect_kind kind);

/* Log it. */
struct agent_note *effects_note(struct agent_effects *out, enum agent_note_kind kind);

#endif
