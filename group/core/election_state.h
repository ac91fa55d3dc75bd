/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The data of an election: its messages, the actions to take, the state of a member; and questions
 * to that state. group/core/election.h explains the protocol.
 */
#ifndef GROUP_CORE_ELECTION_STATE_H
#define GROUP_CORE_ELECTION_STATE_H

#include "group/core/voters.h"
#include "core/ts.h"

#define ELECTION_MIN_LEASE (16 * NS_PER_MS)
#define ELECTION_MAX_LEASE (3600 * NS_PER_SEC)

/* No group gets to this term: one a second for 10^11 years. */
#define ELECTION_TERM_LIMIT (UINT64_C(1) << 62)

enum election_kind {
	ELECTION_PROBE,            /* would you vote for me? Binds nobody */
	ELECTION_PROBE_ANSWER,     /* back to the sender of a PROBE */
	ELECTION_VOTE,             /* vote for me in this term */
	ELECTION_VOTE_ANSWER,      /* back to the sender of a VOTE */
	ELECTION_HEARTBEAT,        /* I lead this term: renew my lease */
	ELECTION_HEARTBEAT_ANSWER, /* back to the sender of a HEARTBEAT or a VOTERS */
	ELECTION_VOTERS,           /* from the leader: this is the list of voters now */
	ELECTION_CLAIM,            /* to the leader, from a higher member: let me lead */
	ELECTION_RESIGN,           /* from the leader: I lead no more */
	ELECTION_KINDS
};

enum election_verdict {
	ELECTION_YES,
	ELECTION_OLD_TERM,      /* this member knows of a newer term */
	ELECTION_ABSURD,        /* a term or version that no group gets to */
	ELECTION_OTHER_LEASE,   /* the lease is not that of this member */
	ELECTION_LEADER_LIVES,  /* bound to a leader, or just started, for up to one lease */
	ELECTION_VOTED,         /* has voted for another in this term */
	ELECTION_OLD_VOTERS,    /* this member knows of a newer list of voters */
	ELECTION_OTHER_VOTERS,  /* started with another list of members */
	ELECTION_SECOND_LEADER, /* not from the leader of its term: must never happen */
	ELECTION_NOT_FOR_ME,    /* to another member, or from this one itself */
	ELECTION_REPEATED,      /* no newer than what came before: a repetition, or late */
	ELECTION_VERDICTS
};

struct election_message {
	enum election_kind kind;
	member_id from;
	member_id to;      /* MEMBER_NONE in a message to send: to each of the voters */
	uint64_t term;     /* the sender's; in a VOTE the one that it wants to lead */
	uint64_t serial;   /* an answer has that of its question */
	uint64_t released; /* the leaders of all terms up to this one are known to lead no more */
	dur_ns lease;      /* the sender's setting: has to be the same everywhere */
	struct voters_stamp stamp; /* of the sender's list of voters */
	bool takeover;             /* PROBE: from a living leader, with its consent */
	/* RESIGN: who shall lead next; PROBE_ANSWER, a refusal: who leads; or MEMBER_NONE. */
	member_id successor;
	enum election_verdict verdict; /* answers */
	/* VOTERS: the whole of it, made by voters_make. Valid until the next call. */
	const struct voters *voters;
};

#define ELECTION_MAX_SENDS 4

/* The actions to take, in this order. */
struct election_actions {
	/*
	 * Make *election_to_save() durable (write, fsync, rename, fsync), then call
	 * election_saved. When that fails send nothing: it will be asked for again.
	 */
	bool save;
	size_t n;
	struct election_message send[ELECTION_MAX_SENDS];
};

/* The state that has to outlive the process. */
struct election_state {
	uint64_t term;
	member_id voted_for; /* in this term, or MEMBER_NONE */
	struct voters voters;
};

struct election_setup {
	member_id self;
	dur_ns lease;  /* [ELECTION_MIN_LEASE, ELECTION_MAX_LEASE], the same for all members */
	uint64_t seed; /* any number, another one for each member */
	/*
	 * There is no saved state: the member is new, or its state is lost. As nobody can tell
	 * which, it rests as after a restart.
	 */
	bool forgot;
};

enum election_role {
	ELECTION_FOLLOWER,
	ELECTION_PROBING,   /* asks whether it would be elected */
	ELECTION_CLAIMING,  /* follows a lower member, and asks whether it could take over */
	ELECTION_CANDIDATE, /* asks for votes */
	ELECTION_LEADER,    /* may act only as long as election_may_act says so */
};

#define ELECTION_HEARTBEATS 8 /* how many heartbeats can be waiting for answers */

struct election_heartbeat {
	uint64_t serial; /* 0: none */
	struct mono sent;
	struct tally heard;
};

/* Allocated by the caller; its contents are for group/core/election*.c and tests only. */
struct election {
	struct election_setup setup;
	struct election_state state;
	bool unsaved; /* `state` has changed since election_saved */
	enum election_role role;
	member_id leader; /* of state.term, once it is known, for as long as that term lasts */
	uint64_t released;
	uint64_t random;
	uint64_t serial;      /* of the latest probe, vote or heartbeat of its own */
	uint64_t heard;       /* serial of the leader's latest heartbeat */
	uint64_t polled;      /* and of its latest poll */
	struct mono heard_at; /* when something new came from it */
	struct mono leap_at;  /* does not follow anybody far ahead before this */

	member_id promised_to;      /* helps nobody else into office ... */
	struct mono promised_until; /* ... before this */
	struct mono rests_until;    /* helps nobody at all before this */
	struct mono passive_until;  /* does not stand before this */
	struct mono stand_at;       /* follower: when to probe, if no leader is heard */
	struct mono claim_at;       /* follower of a lower leader: when to try and take over */

	struct mono attempt_ends, repeat_at; /* prober, claimer, candidate */
	struct tally yes;
	uint64_t referred;     /* serial of the latest probe that went to others not on the list, */
	unsigned referrals;    /* so many of them */
	member_id referred_to; /* the latest */
	member_id unheard;     /* leads others, as they have said last, or MEMBER_NONE */

	bool leased; /* leader: a majority has confirmed it */
	struct mono lease_from, heartbeat_at;
	struct election_heartbeat heartbeats[ELECTION_HEARTBEATS];
	struct tally installed; /* the members that have the current list of voters */
	member_id untold;       /* removed by that list, and to be told so, or MEMBER_NONE */
	struct mono tell_at;    /* sends the list to no prober before this */
};

/* Whether it is time. */
static inline bool election_is_due(struct mono at, struct mono now)
{
	return mono_since(now, at) >= 0;
}

/*
 * Whether this member leads and may act as leader at this instant. Ask each time, right before the
 * act.
 */
bool election_may_act(const struct election *e, struct mono now);

/*
 * When a leader gives its lease up: 1/16 before the others may, as its clock may be slower than
 * theirs. A leader that is not confirmed yet has the same time to be.
 */
struct mono election_lease_end(const struct election *e);

/* The leader that this member obeys: itself, one whose lease may still hold, or MEMBER_NONE. */
member_id election_leader(const struct election *e, struct mono now);

/* The state to save when an action says so; and a note that it is saved. */
const struct election_state *election_to_save(const struct election *e);
void election_saved(struct election *e);

/* Whether the message is of a kind that only answers a question. */
bool election_is_answer(const struct election_message *m);

/* A verdict as a short clause for people, or "unknown"; a static string. */
const char *election_verdict_text(enum election_verdict v);

#endif
