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
 * When more than half of the electorate can talk to each other: one of them leads within about two
 * leases, and soon the highest of them.
 *
 * Limits: more than half of the electorate must be there, or nobody leads and no clock is touched.
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

#include "group/core/electorate.h"
#include "core/ts.h"

#define ELECTION_MIN_LEASE (16 * NS_PER_MS)
#define ELECTION_MAX_LEASE (3600 * NS_PER_SEC)

/* No group gets to this term: one a second for 10^11 years. */
#define ELECTION_TERM_LIMIT (UINT64_C(1) << 62)

enum election_kind {
	ELECTION_PROBE,        /* would you vote for me? Binds nobody */
	ELECTION_PROBE_ANSWER, /* back to the sender of a PROBE */
	ELECTION_VOTE,         /* vote for me in this term */
	ELECTION_VOTE_ANSWER,  /* back to the sender of a VOTE */
	ELECTION_BEAT,         /* I lead this term: renew my lease */
	ELECTION_BEAT_ANSWER,  /* back to the sender of a BEAT or an ELECTORATE */
	ELECTION_ELECTORATE,   /* from the leader: this is the electorate now */
	ELECTION_CLAIM,        /* to the leader, from a higher member: let me lead */
	ELECTION_RESIGN,       /* from the leader: I lead no more */
	ELECTION_KINDS
};

enum election_verdict {
	ELECTION_YES,
	ELECTION_OLD_TERM,         /* this member knows of a newer term */
	ELECTION_ABSURD,           /* a term or version that no group gets to */
	ELECTION_OTHER_LEASE,      /* the lease is not that of this member */
	ELECTION_LEADER_LIVES,     /* bound to a leader, or just started, for up to one lease */
	ELECTION_VOTED,            /* has voted for another in this term */
	ELECTION_OLD_ELECTORATE,   /* this member knows of a newer electorate */
	ELECTION_OTHER_ELECTORATE, /* started with another list of members */
	ELECTION_SECOND_LEADER,    /* not from the leader of its term: must never happen */
	ELECTION_NOT_FOR_ME,       /* to another member, or from this one itself */
	ELECTION_REPEATED,         /* no newer than what came before: a repetition, or late */
	ELECTION_VERDICTS
};

struct election_message {
	enum election_kind kind;
	member_id from;
	member_id to;      /* MEMBER_NONE in a message to send: to each of the electorate */
	uint64_t term;     /* the sender's; in a VOTE the one that it wants to lead */
	uint64_t serial;   /* an answer has that of its question */
	uint64_t released; /* the leaders of all terms up to this one are known to lead no more */
	dur_ns lease;      /* the sender's setting: has to be the same everywhere */
	struct electorate_stamp stamp; /* of the sender's electorate */
	bool takeover;                 /* PROBE: from a living leader, with its consent */
	/* RESIGN: who shall lead next; PROBE_ANSWER, a refusal: who leads; or MEMBER_NONE. */
	member_id successor;
	enum election_verdict verdict; /* answers */
	/* ELECTORATE: the whole of it, made by electorate_make. Valid until the next call. */
	const struct electorate *electorate;
};

#define ELECTION_MAX_SENDS 4

/* What is to be done, in this order. */
struct election_actions {
	/*
	 * Make *election_to_save() durable (write, fsync, rename, fsync), then call
	 * election_saved. When that fails send nothing: it will be asked for again.
	 */
	bool save;
	size_t n;
	struct election_message send[ELECTION_MAX_SENDS];
};

/* What has to outlive the process. */
struct election_state {
	uint64_t term;
	member_id voted_for; /* in this term, or MEMBER_NONE */
	struct electorate electorate;
};

struct election_setup {
	member_id self;
	dur_ns lease;  /* [ELECTION_MIN_LEASE, ELECTION_MAX_LEASE], the same for all members */
	uint64_t seed; /* any number, another one for each member */
	/*
	 * Nothing was saved: it is new, or what was saved is lost. As nobody can tell, it rests as
	 * after a restart.
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

#define ELECTION_BEATS 8 /* how many beats can be waiting for answers */

struct election_beat {
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
	uint64_t serial;      /* of the latest probe, vote or beat of its own */
	uint64_t heard;       /* serial of the leader's latest beat */
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
	uint64_t referred; /* serial of the latest probe that went to a leader not on the list */

	bool leased; /* leader: has been confirmed by a majority */
	struct mono lease_from, beat_at;
	struct election_beat beats[ELECTION_BEATS];
	struct tally installed; /* who has the electorate as it is now */
	member_id untold;       /* removed by that, and to be told so, or MEMBER_NONE */
	struct mono tell_at;    /* tells nobody who asks before this */
};

/*
 * Begin, or go on after a restart: as a follower, with what was saved, or with term 0 and an
 * electorate (0, 0) of the members that the user listed, itself among them. One that is not in its
 * electorate, which may be empty, follows and obeys, but stands and counts only once a leader has
 * added it. After a restart, or one that was forgotten, it votes and stands only when a lease has
 * passed. 0, or -EINVAL.
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
 * Leader only: add a member to the electorate, or remove one. The change holds at once; who is
 * removed is told so when a majority has it. 0, or -EPERM (does not lead), -EAGAIN (the change
 * before, or the election, is not yet with a majority: try again), -EEXIST, -ENOENT, -E2BIG,
 * -EINVAL (MEMBER_NONE, or the leader itself: step down first).
 */
int election_add(struct election *e, member_id id, struct mono now, struct election_actions *out);
int election_remove(struct election *e, member_id id, struct mono now,
		    struct election_actions *out);

/*
 * Whether this member leads and may act as leader at this instant: to be asked at every use, right
 * before what it allows.
 */
bool election_may_act(const struct election *e, struct mono now);

/* The leader that this member obeys: itself, one whose lease may still hold, or MEMBER_NONE. */
member_id election_leader(const struct election *e, struct mono now);

/* What is to be saved when an action says so; and that it has been. */
const struct election_state *election_to_save(const struct election *e);
void election_saved(struct election *e);

/* A verdict as a short clause for people, or "unknown"; a static string. */
const char *election_verdict_text(enum election_verdict v);

#endif
