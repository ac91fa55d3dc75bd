/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated world. Its parts:
 *   events.c   time, and what is to happen when
 *   network.c  packets, and what the network does to them
 *   node.c     a member: what an agent does around group/core/election and group/core/ticket
 *   cycle.c    the leader's cycle: what an agent does around group/core/berkeley
 *   rules.c    rules taken away
 *   faults.c   what goes wrong
 *   check.c    what must never happen, and what must have happened in the end
 *   sim.c      a run
 */
#ifndef TESTS_SIM_GROUPS_WORLD_H
#define TESTS_SIM_GROUPS_WORLD_H

#include "group/core/berkeley.h"
#include "group/core/election.h"
#include "group/core/ticket.h"
#include "tests/sim/groups/sim.h"
#include "tests/support/random.h"

#define NODES 9 /* at most */

#define LEASE      NS_PER_SEC
#define CYCLE      (500 * NS_PER_MS)
#define CYCLE_WAIT (200 * NS_PER_MS) /* for answers to a poll */
#define TOLERANCE  (500 * NS_PER_MS)

/* True time: [0, TURMOIL) with faults, then without; from SETTLED on all has to be well. */
/* A run in which the leader is killed has no other faults. */
#define KILL    (20 * NS_PER_SEC)
#define TURMOIL (40 * NS_PER_SEC)
#define SETTLED (TURMOIL + 20 * LEASE)
#define END     (SETTLED + 10 * LEASE)

/* --- packets --- */

enum packet_kind { PACKET_ELECTION, PACKET_POLL, PACKET_POLL_ANSWER, PACKET_ADJUST };

struct packet {
	enum packet_kind kind;
	int from, to;
	union {
		struct {
			struct election_message message;
			size_t n; /* the electorate that it carries, if any */
			member_id ids[NODES];
		} election;
		struct {
			uint64_t term, cycle;
		} poll;
		struct {
			uint64_t term, cycle;
			struct ticket_nonce nonce;
			ts_ns time;     /* the member's clock */
			uint64_t epoch; /* how often it had been changed: for check.c */
			int64_t at;     /* true time: likewise */
		} answer;
		struct {
			uint64_t cycle, epoch;
			int64_t polled_at; /* true time: for check.c */
			struct correction correction;
		} adjust;
	};
};

/* --- events --- */

enum event_kind { EVENT_PACKET, EVENT_WAKE, EVENT_RESTART, EVENT_FAULT };

struct event {
	int64_t at;     /* true time, ns */
	uint64_t order; /* those of the same time happen in this order */
	enum event_kind kind;
	int node;
	uint64_t alarm; /* WAKE: of which alarm; others are out of date */
	struct packet packet;
};

#define EVENTS 2048

struct events {
	size_t n;
	uint64_t order;
	struct event *heap[EVENTS + 1]; /* from 1 on: above i is i / 2 */
	struct event *unused[EVENTS];
	size_t n_unused;
	struct event pool[EVENTS];
};

/* --- nodes --- */

/* What a leader knows of one member in a cycle. */
struct poll {
	ts_ns sent; /* its own clock */
	bool answered;
	dur_ns offset, max_error;
	struct ticket_nonce nonce;
	uint64_t epoch;
	int64_t at;
};

/* Which correction it was. */
struct applied {
	uint64_t term, cycle;
};

#define APPLIED 512

struct node {
	int index;
	member_id id;
	bool up, frozen;
	bool fragile;            /* crashes at its next save */
	bool disk_broken;        /* saves fail */
	int64_t thaw_at;         /* true time */
	uint64_t alarm;          /* the only one that wakes it */
	enum election_role role; /* for faults.c: as it was after the event before */

	struct election election;
	struct election_state disk;
	struct ticket ticket;

	/* Clocks: what they show at true time 0, and how much too fast they are. */
	int64_t mono_base, mono_ppb;
	int64_t clock_base, clock_ppb;

	/* The cycle of a leader. */
	uint64_t cycle;
	bool polling;
	struct mono cycle_at, cycle_ends;
	struct poll polls[NODES];

	/* For check.c. */
	uint64_t epoch; /* counts changes of the clock */
	struct applied applied[APPLIED];
	size_t n_applied;
	bool corrected;
	struct mono corrected_at;
};

/* --- the world --- */

#define TERMS 1024
#define HEARD 64 /* packets that somebody without a key remembers */

struct world {
	struct sim_options options;
	struct sim_result *result;
	struct random random;
	int64_t now; /* true time */
	struct events events;

	int n;
	struct node nodes[NODES];
	dur_ns cap;

	/* The network, of packets from i to j. */
	bool cut[NODES][NODES];
	dur_ns delay_least, delay_most;
	dur_ns congestion; /* added to delay_most */
	int loss_permille, duplicate_permille, straggler_permille;
	bool calm; /* no faults any more */
	/* Somebody on the network who has no key: hears packets, and sends them again whenever. */
	int replay_permille;
	bool replays_polls; /* each, between the answer and the correction */
	size_t n_heard;
	struct packet heard[HEARD];
	int64_t killed_at; /* when the leader was, until another acts; 0 else */
	dur_ns agreement;  /* how far apart clocks in agreement may be */

	/* For check.c. */
	member_id elected[TERMS], obeyed[TERMS];
	member_id settled_leader;
};

/* A random number in [low, high]; whether something of so many in 1000 cases happens. */
int64_t world_random(struct world *w, int64_t low, int64_t high);
bool world_chance(struct world *w, int permille);

/* A line of the trace, when there is one. */
void world_trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* events.c */
void events_init(struct events *e);
struct event *events_add(struct world *w, int64_t at, enum event_kind kind, int node);
struct event *events_take(struct world *w);                        /* null: nothing is left */
void events_put_off(struct world *w, struct event *e, int64_t at); /* instead of events_free */
void events_free(struct world *w, struct event *e);

/* network.c */
void network_send(struct world *w, const struct packet *p);

/* node.c */
struct mono node_mono(const struct world *w, const struct node *n);
ts_ns node_clock(const struct world *w, const struct node *n);
void node_start(struct world *w, struct node *n);
void node_crash(struct world *w, struct node *n, dur_ns pause);
void node_wake(struct world *w, struct node *n);
void node_receive(struct world *w, struct node *n, struct packet *p);
void node_set_alarm(struct world *w, struct node *n);
bool node_may_act(const struct world *w, const struct node *n);
/* The leader that may act, or null. */
struct node *node_leader(struct world *w);

/*
 * Do what an election asks for. Whether it was done: not if it could not be saved, or the node
 * crashed.
 */
bool node_perform(struct world *w, struct node *n, const struct election_actions *out);
/* Apply a correction if it is valid. */
void node_correct(struct world *w, struct node *n, const struct packet *adjust);

/* rules.c: take the rule away that the options name, if any. */
bool rules_lack(const struct world *w, enum sim_rule rule);
void rules_before_packet(struct world *w, struct node *n, struct packet *p);
void rules_after_message(struct world *w, struct node *n, const struct election_message *m);
void rules_after_start(struct world *w, struct node *n);

/* cycle.c */
void cycle_tick(struct world *w, struct node *n);
void cycle_answered(struct world *w, struct node *n, const struct packet *p);
struct mono cycle_next(const struct node *n);

/* faults.c */
void faults_next(struct world *w);
void faults_inject(struct world *w);
void faults_at_worst(struct world *w);
void faults_kill_leader(struct world *w);
void faults_cease(struct world *w);

/* check.c: the first breach ends the run. */
void check_fail(struct world *w, enum sim_breach breach, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void check_applied(struct world *w, struct node *n, const struct packet *adjust);
void check_always(struct world *w);
void check_settled(struct world *w);
void check_succession(struct world *w);

#endif
