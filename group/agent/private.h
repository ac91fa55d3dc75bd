/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * What the parts of a group's agent know of each other: group_agent.c (its loop), group_open.c
 * (what it consists of), group_calls.c (what it asks others), group_election.c and group_cycle.c
 * (what for), group_finder.c (how it joins), group_rivals.c (other groups of its name),
 * group_candidates.c (whom both ask), group_correct.c (its clock), group_service.c (what others ask
 * it), group_change.c, group_newcomers.c (whom it lets in), group_status.c.
 *
 * `now` goes on while the machine is suspended (clock_mono).
 */
#ifndef GROUP_AGENT_PRIVATE_H
#define GROUP_AGENT_PRIVATE_H

#include "group/core/berkeley.h"
#include "core/sample.h"
#include "rpc/client/broadcast.h"
#include "rpc/client/fanout.h"
#include "group/wire/sealed.h"
#include "rpc/server/svc_dgram.h"
#include "rpc/server/svc_stream.h"
#include "group/agent/base.h"
#include "rpc/server/time_service.h"
#include "os/loop.h"

struct group;

/* A sealed call that is under way. */
struct group_call {
	struct group_call *next; /* free */
	struct group *group;
	struct group_member *to;
	enum group_procedure proc;
	uint8_t seal[SEAL_SIZE];
};

/* What handlers of one of the two sockets get; `service` first, for those of TIMESYNC_PROG. */
struct group_context {
	struct service service;
	struct group *group;
	bool local; /* for this machine's administrator: without seals */
	uint8_t body[GROUP_BODY_MAX];
};

/* What a cycle came to. */
struct group_cycle_result {
	dur_ns took, mean;
	size_t used;
};

struct group_cycle {
	bool polling, adjusting;
	bool stalled;       /* as many calls are under way as can be */
	size_t next;        /* member to send to */
	size_t outstanding; /* calls of this cycle */
	struct mono at;     /* the next one begins */
	struct mono began;
	uint64_t serial; /* of the one that is under way, or was */
	struct group_cycle_result result;
	bool finished; /* one has come to its end: */
	struct mono ended;
	struct group_cycle_result last;
	struct ticket_nonce own; /* for its own clock */
	struct berkeley_clock clocks[BERKELEY_MAX_CLOCKS];
	struct group_member *of[BERKELEY_MAX_CLOCKS];
	size_t n;
};

/* Somebody that answered a broadcast, and may be a member. */
struct group_candidate {
	struct group_member member;
	bool asked; /* a call is under way */
};

#define GROUP_CANDIDATES 16

struct group_finder {
	struct broadcast broadcast; /* its fd is -1 when there is nothing to look for */
	struct mono at;             /* the next question is asked */
	dur_ns pause;               /* until the one after it */
	unsigned questions;         /* since a leader answered */
	bool answered;              /* since then: a member has, that does not lead */
	struct mono join_after;     /* until then somebody may still be letting us in */
	bool was_let_in;            /* and nothing has come of it yet */
	bool complained;            /* logged, and no more for a while: */
	struct mono complained_at;
	struct group_candidate candidates[GROUP_CANDIDATES];
};

struct group_rivals {
	struct broadcast broadcast; /* its fd is -1 but while answers are waited for */
	struct mono at;             /* the next question is asked, or the last one is closed */
	dur_ns pause;               /* from one to the next */
	struct mono suspect_after;  /* until then nobody is asked because it has asked us */
	member_id said;             /* logged: the leader of another group, or MEMBER_NONE */
	struct mono said_at;
	struct group_candidate candidates[GROUP_CANDIDATES];
};

/* Somebody that is to be let in. */
enum group_newcomer_state {
	GROUP_NEWCOMER_NONE,
	GROUP_NEWCOMER_ASKED,  /* a call is under way */
	GROUP_NEWCOMER_THERE,  /* has answered */
	GROUP_NEWCOMER_SILENT, /* has not */
	GROUP_NEWCOMER_UNLIKE, /* has answered that its lease is another */
};

struct group_newcomer {
	struct group_member member;
	enum group_newcomer_state state;
	struct mono at; /* when that was found out */
};

#define GROUP_NEWCOMERS 16

struct group {
	const struct group_base *base;
	const struct group_settings *settings;
	struct loop *loop;
	struct clock *clock;
	struct seal *seal; /* null: insecure */
	struct group_members members;
	struct group_member *self;
	struct election election;
	member_id said_leader; /* logged */
	bool said_member;      /* logged, or taken for granted: it is one */
	bool said_no_clock;    /* logged: see group_has_clock */
	int said_unsaved;      /* -errno that was logged of saving the state, or 0 */
	size_t tell_next;      /* member whose address to tell */
	bool leaving;

	struct fanout *fanout;
	struct group_call *calls, *free_calls;
	struct mono expire_at;
	dur_ns timeout; /* of what a cycle asks */

	struct ticket ticket;
	struct clock_mark ticket_mark; /* of the clock when it was issued */
	bool corrected;
	struct mono corrected_at;
	dur_ns correction;

	struct group_cycle cycle;
	struct group_finder finder;
	struct group_rivals rivals;
	struct group_newcomer newcomers[GROUP_NEWCOMERS];

	bool has_admin_nonce;
	struct ticket_nonce admin_nonce;
	struct mono admin_nonce_ends;

	uint64_t counts[GROUP_COUNTS];
	bool said[GROUP_COUNTS];
	struct mono said_at[GROUP_COUNTS];

	struct group_context shared, local;
	struct access everyone; /* on the local socket, which is for us only anyway */
	struct counters counters;
	struct ratelimit limiter;
	struct admission env, local_env;
	struct svc_dgram *dgram;
	struct svc_stream *stream;
};

struct mono group_now(void);

/* Open all that is in it but the loop, and watch nothing yet: 0 or -errno. Released in any case. */
int group_open(struct group *g, const struct group_base *base);
void group_close(struct group *g);

/* Look again when the loop has to wake up: after anything that may have changed that. */
void group_schedule(struct group *g);

/* Count; and say so, but not more often than once a minute for each kind. */
void group_count(struct group *g, enum group_count what, member_id from, const char *why);

/* A head from this member, in its term. */
struct group_head group_head_to(const struct group *g, member_id to);

/* --- calls --- */

/* Send a body to a member: 0 or -errno. */
int group_calls_send(struct group *g, struct group_member *to, enum group_procedure proc,
		     const uint8_t *body, size_t n, dur_ns timeout);
/* Ask one for its status, but not for its members: 0 or -errno. */
int group_calls_ask_status(struct group *g, struct group_member *to);
/* Measure a member's clock once: 0 or -errno. */
int group_calls_measure(struct group *g, struct group_member *to);

/* --- election --- */

/*
 * Do what the election wants done. The answer for `asker` goes to *answer instead, if there is
 * one: true then.
 */
bool group_election_perform(struct group *g, const struct election_actions *out, member_id asker,
			    struct election_message *answer);
/* Whether it is of a kind that only comes as the answer to a call. */
bool group_election_is_answer(const struct election_message *m);
void group_election_receive(struct group *g, const struct election_message *m);
void group_election_tick(struct group *g, struct mono now);

/* --- the cycle of a leader --- */

void group_cycle_tick(struct group *g, struct mono now);
struct mono group_cycle_next(const struct group *g, struct mono now);
/* A poll has ended: with an answer, or null. */
void group_cycle_polled(struct group *g, struct group_member *m,
			const struct group_poll_result *answer, const struct fanout_outcome *o);
/* A measurement has ended: with a sample, or null. */
void group_cycle_measured(struct group *g, struct group_member *m, const struct sample *s);
void group_cycle_adjusted(struct group *g, struct group_member *m, enum group_outcome outcome);

/* --- finding a group to join --- */

/* Begin to look for it, if that was asked for and this member belongs to none. 0 or -errno. */
int group_finder_open(struct group *g);
void group_finder_close(struct group *g);
void group_finder_tick(struct group *g, struct mono now);
struct mono group_finder_next(const struct group *g, struct mono now);
/* A member that was asked has answered: with what is given, or null. */
void group_finder_status(struct group *g, struct group_member *m, const struct group_status *s);
void group_finder_joined(struct group *g, struct group_member *m, const enum group_answer *answer);

/* --- other groups of our name and key --- */

void group_rivals_open(struct group *g, struct mono now);
void group_rivals_close(struct group *g);
void group_rivals_tick(struct group *g, struct mono now);
struct mono group_rivals_next(const struct group *g, struct mono now);
/* A member of our group's name, or MEMBER_NONE, has asked for our status, under our key. */
void group_rivals_suspect(struct group *g, member_id asker, struct mono now);
/* Whether it is one of those that are asked whether they lead; and what it answered, or null. */
bool group_rivals_asked(const struct group *g, const struct group_member *m);
void group_rivals_told(struct group *g, struct group_member *m, const struct group_status *s);

/* --- those that may be members --- */

/*
 * Ask who is at that address for its status, if there is a place for it among `all`, of
 * GROUP_CANDIDATES. Its `owner` is that place, of which `asked` is to be cleared by the answer.
 */
void group_candidates_ask(struct group *g, struct group_candidate *all, const struct address *at);

/* --- letting others in --- */

/*
 * Whether the member at that address has answered lately: 0, -EAGAIN (it is being asked), or, until
 * it is asked again, -EHOSTUNREACH (it did not answer), -EPROTO (its lease is another).
 */
int group_newcomers_check(struct group *g, const struct address *at, struct mono now);
/* Whether it is one of those that are asked for that; and what it answered, or null. */
bool group_newcomers_asked(const struct group *g, const struct group_member *m);
void group_newcomers_told(struct group *g, struct group_member *m, const struct group_status *s);

/* --- the clock --- */

/*
 * Whether the clock file is whole. One that is not shows the system clock's time, which is no
 * business of the group's. Logs a change.
 */
bool group_has_clock(struct group *g);
/* Hand out the ticket: with the leader that is obeyed. */
void group_correct_issue(struct group *g, const struct ticket_nonce *nonce, struct mono now);
/* Whether nobody else has set the clock since. */
bool group_correct_clock_is_ours(struct group *g);
enum group_outcome group_correct(struct group *g, const struct correction *c, struct mono now);

/* --- what administrators want --- */

enum group_answer group_change(struct group *g, enum group_procedure proc,
			       const struct group_change *c, struct mono now);

/* What was asked for, as far as there is room. */
void group_status_fill(struct group *g, struct group_status *out,
		       const struct group_status_args *args, struct mono now);

#define GROUP_PROGRAMS 2
extern const struct svc_program group_programs[GROUP_PROGRAMS];

#endif
