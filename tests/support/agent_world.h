/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One agent of a group in a test's hands: the others are what the test says in their names. What
 * it wants saved or corrected is done at once, as the process would do it, and fails if the test
 * says so. What every step has to keep to is asserted here: nothing beside an AGENT_SAVE, nothing
 * after an AGENT_CORRECT, and never more effects than there is room for.
 */
#ifndef TESTS_SUPPORT_AGENT_WORLD_H
#define TESTS_SUPPORT_AGENT_WORLD_H

#include "group/core/agent.h"
#include "tests/support/random.h"

#define WORLD_GROUP "lab"
#define WORLD_LEASE (3 * NS_PER_SEC)
#define WORLD_CYCLE (10 * NS_PER_SEC)
#define WORLD_LOG   4096

struct world {
	/* For the test to change before world_begin; the group's name is WORLD_GROUP. */
	struct agent_settings settings;
	/* For the test to change at any time. */
	struct mono now;
	struct agent_clock clock;
	int save_error, correct_error; /* what comes of the next ones: 0 or -errno */
	struct group_report report;    /* what others say of their clocks: that they are new */
	int octet;                     /* all that is random is of this octet, if >= 0 */

	struct agent agent;
	struct group_member members[MEMBERS_MAX];
	struct random random;
	unsigned saves; /* how often it wanted to save so far */
	unsigned corrections;
	struct agent_effect correct;      /* the latest AGENT_CORRECT */
	struct election_message question; /* the latest that went to all others */
	size_t n;                         /* effects since the latest event of the test: */
	struct agent_effect log[WORLD_LOG];
};

/* Of cmocka: *state is a world. */
int world_setup(void **state);
int world_teardown(void **state);

/* Member i of an IPv4 network, i >= 1; ids ascend with i. */
struct member_address world_at(unsigned i);
member_id world_id(unsigned i);
/* The same of IPv6. */
struct member_address world_at_v6(unsigned i);

/* Begin as settings.self, with those names or the saved state; nothing has happened yet. */
void world_init(struct world *w, const struct member_address *named, size_t n,
		const struct election_state *saved);
/* As member `self` of 1 to n, or of nobody's list with n = 0; woken, and with its state saved. */
void world_begin(struct world *w, unsigned self, unsigned n);
/* The process ends, and begins again with that state; likewise. */
void world_restart(struct world *w, const struct election_state *saved);

/* --- what happens --- */

void world_event(struct world *w, const struct agent_event *event);
void world_wake(struct world *w);
void world_pass(struct world *w, dur_ns time); /* and wake it once, then */
/* Wake it now, and again as long as it wants to be at once. */
void world_turns(struct world *w);
/* Wake it whenever it wants to be, for that long; at most `most` times. False if it wants more. */
bool world_run(struct world *w, dur_ns time, unsigned most);

/* The head of a message of member `from` to this one, in its term. */
struct group_head world_head(const struct world *w, member_id from);
/* It is asked: its reply, or null. */
const struct agent_reply *world_call(struct world *w, const struct agent_call *call);
const struct agent_reply *world_poll(struct world *w, unsigned from, uint64_t term,
				     uint64_t serial);
const struct agent_reply *world_adjust(struct world *w, unsigned from, struct ticket_nonce nonce,
				       dur_ns amount);
const struct agent_reply *world_election(struct world *w, const struct election_message *m);
const struct group_status *world_status(struct world *w, uint32_t first, size_t members);
/* With the nonce of a status, by an administrator; GROUP_ANSWERS if there is no answer. */
enum group_answer world_change(struct world *w, enum group_procedure proc, unsigned member);

/* --- the election --- */

/* A message of that kind as it should be, from member `from`. */
struct election_message world_message(const struct world *w, enum election_kind kind, unsigned from,
				      uint64_t term);
/* Member `from` leads, and says so. */
void world_follow(struct world *w, unsigned from, uint64_t term);
/* It becomes the leader, by the voices of the first of the others. */
void world_elect(struct world *w);
/* Member `from` answers the latest question with yes. */
void world_agree(struct world *w, unsigned from);
/* As many as are needed answer its latest heartbeat. */
void world_keep(struct world *w);

/* --- answers --- */

struct agent_answer world_answer(const struct world *w, const struct agent_send *to);
void world_answered(struct world *w, const struct agent_answer *answer);
void world_silence(struct world *w, const struct agent_send *to); /* the call times out */
/* A status of somebody, as an answer to that call. */
void world_tells(struct world *w, const struct agent_send *to, const struct group_status *s);

/* --- a cycle --- */

/* A leader's next cycle begins: wakes it, and keeps it in office, until it has sent polls. */
void world_cycle(struct world *w);
/* The answer to a poll, of a clock that is that far ahead, after that long; even numbers of ns. */
void world_polled(struct world *w, const struct agent_send *to, dur_ns offset, dur_ns delay);
/* To a GET_TIMESTAMPS likewise; and that there is none. */
void world_measured(struct world *w, const struct agent_measure *to, dur_ns offset, dur_ns delay);
void world_unmeasured(struct world *w, const struct agent_tag *tag);
/* A nonce that tells members apart. */
struct ticket_nonce world_nonce(member_id of);

/* --- what it did since the latest event --- */

size_t world_count(const struct world *w, enum agent_effect_kind kind);
size_t world_sends(const struct world *w, enum group_procedure proc);
/* The first to `to`, or to anybody with MEMBER_NONE; or null. */
const struct agent_send *world_sent(const struct world *w, enum group_procedure proc, member_id to);
/* The first election message of that kind, or null. */
const struct agent_send *world_says(const struct world *w, enum election_kind kind);
const struct agent_measure *world_measure(const struct world *w);
const struct agent_reply *world_reply(const struct world *w);
const struct agent_note *world_note(const struct world *w, enum agent_note_kind kind);

#endif
