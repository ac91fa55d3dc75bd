/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The context that the parts of an agent share in one step: the time, the election, the members,
 * and the effects of the step. The parts do not know each other.
 */
#ifndef GROUP_CORE_CONTEXT_H
#define GROUP_CORE_CONTEXT_H

#include "core/seldom.h"
#include "group/core/effects.h"
#include "group/core/members.h"

/* Fill `out` with n unpredictable octets. */
typedef void agent_random_fn(void *arg, void *out, size_t n);

/* How a member takes part; the same for as long as it runs. */
struct agent_settings {
	char name[GROUP_NAME_MAX + 1]; /* the group's */
	struct member_address self;
	dur_ns lease, cycle;
	dur_ns tolerance;      /* how far apart two clocks of the mean may lie */
	dur_ns max_error;      /* of a clock that counts */
	dur_ns max_correction; /* larger ones are refused; 0: none */
	bool reference;        /* something else keeps the clock, and this member never sets it */
	dur_ns reference_step; /* step to references that are farther away; 0: never */
	bool insecure;         /* the group does without keys */
	bool discover;         /* find the group by broadcast, if the list of voters is empty */
	bool watch;            /* look for other groups of the same name and key by broadcast */
	agent_random_fn *random;
	void *random_arg;
};

/* The clock, as it is when an event is handed in. */
struct agent_clock {
	bool whole;            /* it shows the time that the group keeps */
	uint64_t epoch;        /* another number whenever anybody but this agent has set it */
	int64_t frequency_ppb; /* its correction when the epoch began, */
	int64_t slew_ppb;      /* and a slew on top of it that nobody has ended */
	bool ends_slews;       /* the clock itself does, when they have lasted as long as decided */
	/* Of a reference: how far from UTC it says to be, or GROUP_UNKNOWN_ERROR: it does not know.
	 */
	dur_ns max_error;
};

/* Refusals of one kind are logged once a minute at most. */
struct agent_counts {
	uint64_t count[GROUP_COUNTS];
	struct seldom said[GROUP_COUNTS];
};

struct agent_context {
	const struct agent_settings *settings;
	member_id self;
	struct mono now;
	struct agent_clock clock;
	struct election *election;
	struct group_members *members;
	struct agent_counts *counts;
	bool *save; /* set to have the election's state saved first */
	struct agent_effects *out;
};

/* --- what several parts need --- */

/* A nonce that nobody can guess, and that never comes again. */
struct ticket_nonce context_nonce(const struct agent_context *c);

/* A pause of this length, or at random up to a half shorter: not all members wait in step. */
dur_ns context_pause(const struct agent_context *c, dur_ns longest);

/* The head of a message from this member, in its term. */
struct group_head context_head(const struct agent_context *c, member_id to);

/* How long the answers to a cycle's calls are waited for. */
dur_ns context_timeout(const struct agent_context *c);

/* The voters, this one perhaps among them. */
const struct voters *context_voters(const struct agent_context *c);
bool context_is_member(const struct agent_context *c, member_id id);

/* As of members.h. */
struct group_member *context_find(const struct agent_context *c, member_id id);

/* Count a refusal, and log it, but not more often than once a minute for each kind. */
void context_refuse(const struct agent_context *c, enum group_count what, member_id from,
		    const char *why);

/* A call to a member, for the part to fill in. */
struct agent_send *context_call(const struct agent_context *c, enum agent_part part,
				const struct member_address *to, enum group_procedure proc);

/*
 * Ask a member for its status, but not for its members. `place` comes back with the answer, which
 * is waited for as long as those of a cycle, but for at least `patience` ns.
 */
void context_ask_status(const struct agent_context *c, enum agent_part part, size_t place,
			const struct member_address *to, dur_ns patience);

/* Do what the election wants done. The answer for `asker`, if there is one, goes to *answer. */
bool context_perform(const struct agent_context *c, const struct election_actions *actions,
		     member_id asker, struct election_message *answer);

#endif
