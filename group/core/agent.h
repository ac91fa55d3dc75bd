/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A group's agent without I/O: how a member decides on everything it hears. One step takes an event
 * and returns effects for the caller to carry out. group/agent is the process around it; the
 * simulator runs the same agent in a world of its own.
 *
 * Messages that are handed in are authentic: the caller has checked their MACs and decoded
 * them. The parts are the election, the cycle of a leader (cycle), the clock (corrector),
 * the search for a group to join (finder) and for others of its name (rivals), what administrators
 * change (change), whether voters are missing (quorum) and whether they have the same settings
 * (likeness).
 */
#ifndef GROUP_CORE_AGENT_H
#define GROUP_CORE_AGENT_H

#include "group/core/change.h"
#include "group/core/corrector.h"
#include "group/core/cycle.h"
#include "group/core/finder.h"
#include "group/core/likeness.h"
#include "group/core/quorum.h"
#include "group/core/rivals.h"

/* --- what happens --- */

enum agent_event_kind {
	AGENT_WAKE,      /* time has passed */
	AGENT_STOP,      /* leave, and hand over first if it leads */
	AGENT_CALL,      /* somebody asks: `call`. Without an AGENT_REPLY there is no answer */
	AGENT_ANSWER,    /* to an AGENT_SEND: `answer` */
	AGENT_UNSENT,    /* a call could not be sent for now, as too many are under way: `tag` */
	AGENT_MEASURED,  /* to an AGENT_MEASURE: `measured` */
	AGENT_FOUND,     /* a host has answered AGENT_SEARCH: `at` */
	AGENT_SEARCHED,  /* AGENT_SEARCH has been done, or not: `error` */
	AGENT_SAVED,     /* AGENT_SAVE has been done, or not: `error` */
	AGENT_CORRECTED, /* AGENT_CORRECT has been done, or not: `error` */
	AGENT_REFUSED,   /* the process has refused something: `refused` */
};

struct agent_call {
	enum group_procedure proc;
	struct group_head head;
	union {
		const struct group_poll_call *poll;
		const struct group_adjust *adjust;
		const struct group_election *election;
		const struct group_change *change;
		const struct group_status_args *status;
	};
};

struct agent_answer {
	struct agent_tag tag;
	enum group_procedure proc;
	bool answered; /* else it has timed out, or could not be sent, and the rest is empty */
	struct group_head head;
	ts_ns departed, arrived; /* on the local clock */
	union {
		const struct group_poll_result *poll;
		const struct group_election *election; /* null: nothing was asked */
		const struct group_status *status;
		enum group_outcome outcome;
		enum group_answer change;
	};
};

struct agent_event {
	enum agent_event_kind kind;
	union {
		struct agent_call call;
		struct agent_answer answer;
		struct agent_tag tag;
		struct {
			struct agent_tag tag;
			bool answered;
			struct sample sample; /* possible: sample_check has said so */
		} measured;
		struct member_address at;
		int error; /* 0 or -errno */
		struct {
			enum group_count what;
			member_id from;  /* or MEMBER_NONE */
			const char *why; /* static */
		} refused;
	};
};

/* --- the agent --- */

struct agent_setup {
	struct agent_settings settings;
	struct group_member *members; /* the caller's, for as long as the agent lives, ... */
	size_t members_max;           /* ... of so many places: MEMBERS_MAX for any group */
	/* The members that the user named, this one among them; none with `discover`. */
	const struct member_address *named;
	size_t n_named;
	/* The saved state. Null: there is none, and the named members are the voters. */
	const struct election_state *saved;
	const struct servo_memory *memory; /* of its clock, or null */
};

/* Allocated by the caller; its contents are for group/core and the tests. */
struct agent {
	struct agent_settings settings;
	member_id self;
	struct group_members members;
	struct election election;
	struct cycle cycle;
	struct corrector corrector;
	struct finder finder;
	struct rivals rivals;
	struct change change;
	struct quorum quorum;
	struct likeness likeness;
	struct agent_counts counts;
	struct group_status status; /* that is being sent */
	struct agent_effects held;  /* until what they depend on is saved */
	bool wants_save;            /* this step has changed the state to save */
	bool unsaved;               /* logged */
	bool is_member;             /* logged, or taken for granted */
	member_id leader;           /* logged, and since when */
	struct mono leader_since;
	bool own_correction;      /* the correction under way is that of a leader's own clock */
	struct group_head adjust; /* or this one is to be answered */
	bool led;                 /* and might act, at the last look */
	bool leaving;
	struct mono leave_at;
};

/*
 * Begin, at `now`. 0, or -EINVAL (it is no list of voters), -E2BIG. The first event is an
 * AGENT_WAKE.
 */
int agent_init(struct agent *a, const struct agent_setup *setup, struct mono now);

/*
 * An event has happened at `now`, which never goes back; `clock` is the state of the clock then.
 * The caller carries out the effects in *out in their order, and then hands in their results.
 */
void agent_step(struct agent *a, struct mono now, struct agent_clock clock,
		const struct agent_event *event, struct agent_effects *out);

/* The memory of the clock, to be saved beside election_to_save(). */
struct servo_memory agent_memory(const struct agent *a);

/* When it is to be woken, at the latest; changes with every step. */
struct mono agent_next(const struct agent *a, struct mono now);

#endif
