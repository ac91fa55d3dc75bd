/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The simulated world. Its parts:
 *   events.c   time, and the events to come
 *   network.c  packets, and what the network and an attacker do to them
 *   node.c     a machine: the product's agent (group/core/agent), with a disk and two clocks
 *   calls.c    what an agent asks of others, and what comes back
 *   admin.c    administrators, who add and remove members
 *   rules.c    rules taken away
 *   references.c  clocks that something else keeps
 *   faults.c   what goes wrong
 *   check.c    what must never happen, and what must have happened in the end
 *   sim.c      a run
 *   steady.c   a run without faults, measured against the truth
 */
#ifndef TESTS_SIM_GROUPS_WORLD_H
#define TESTS_SIM_GROUPS_WORLD_H

#include "group/core/agent.h"
#include "tests/sim/groups/sim.h"
#include "tests/support/random.h"

#define LEASE     NS_PER_SEC
#define CYCLE     (500 * NS_PER_MS)
#define TOLERANCE (500 * NS_PER_MS)
#define MAX_ERROR (100 * NS_PER_MS)

/* True time: [0, TURMOIL) with faults, then without; from SETTLED on all has to be well. */
/* A run in which the leader is killed has no other faults. */
#define KILL (20 * NS_PER_SEC)
/* The highest restarts after this, and is cut off right before; so long one is cut off. */
#define CUT_AWAY (6 * LEASE)
#define CUT      (13 * LEASE)
#define TURMOIL  (40 * NS_PER_SEC)
#define SETTLING (20 * LEASE) /* after the turmoil, or the last change of the list of voters */
#define WATCHED  (10 * LEASE) /* so long all has to stay well */
#define LATEST   (TURMOIL + 240 * NS_PER_SEC)

/* --- packets --- */

enum packet_kind { PACKET_CALL, PACKET_REPLY, PACKET_MEASURE, PACKET_MEASURED };

/*
 * What a packet of a call or reply contains is authentic: nobody without the key can make one. A
 * reply has the number of its call, as its MAC has the call's.
 */
struct packet {
	enum packet_kind kind;
	int from, to; /* nodes, or ADMIN */
	uint64_t number;
	struct agent_send call;
	struct agent_reply reply;
	struct group_status status; /* of a reply */
	struct voters voters;       /* of a call with a VOTERS; only its first ids are copied */
	ts_ns ts1, ts2, ts3;
};

/* --- events --- */

enum event_kind {
	EVENT_PACKET,
	EVENT_WAKE,
	EVENT_TIMEOUT,
	EVENT_RESTART,
	EVENT_FAULT,
	EVENT_ADMIN,
	EVENT_FOUND,
	EVENT_REFERENCE,
	EVENT_LOOK /* of steady.c */
};

struct event {
	int64_t at;     /* true time, ns */
	uint64_t order; /* those of the same time happen in this order */
	enum event_kind kind;
	int node;
	uint64_t number;       /* WAKE: the alarm; TIMEOUT: the call; FOUND: the member */
	struct packet *packet; /* PACKET: owned */
};

struct events {
	size_t n, max;
	uint64_t order;
	struct event *heap; /* from 1 on: above i is i / 2 */
};

/* --- nodes --- */

/* A call that a node waits for. */
struct pending {
	uint64_t number; /* 0: none */
	struct agent_tag tag;
	enum group_procedure proc;
	bool measures;
	ts_ns departed;
};

#define PENDING_A_NODE 64

/* A ticket that was handed out: for check.c. */
struct handed_out {
	struct ticket_nonce nonce;
	uint64_t changes; /* how often the clock had been changed */
	int64_t at;       /* true time */
	bool used;
};

#define HANDED_OUT 128

struct node {
	int index;
	member_id id;
	struct member_address at;
	bool up, frozen;
	bool fragile;            /* crashes at its next save */
	bool disk_broken;        /* saves fail */
	bool clock_lost;         /* its clock file is damaged */
	bool searching;          /* takes answers to a broadcast */
	int64_t thaw_at;         /* true time */
	uint64_t alarm;          /* the only one that wakes it */
	enum election_role role; /* for faults.c: as it was after the event before */

	struct agent agent;
	struct group_member *members;
	bool listed; /* named at the start, as all others that are */
	bool has_saved;
	struct election_state disk;
	struct servo_memory memory; /* beside it */
	size_t pending_max;
	struct pending *pending;  /* by their numbers, modulo pending_max */
	struct agent_reply reply; /* to the call that is being handled */
	bool replied;

	/* Clocks: what they show at true time 0, or ..., and how much too fast they are. */
	int64_t mono_base, mono_ppb;
	int64_t clock_base, clock_from; /* ... since that true time */
	double clock_ppb;
	int64_t frequency_ppb, slew_ppb; /* how it is steered */
	bool ends_slews;                 /* by itself, as a clock file does: */
	int64_t slew_until;              /* true time */
	uint64_t foreign;                /* how often somebody else has set it */
	/* Of a reference: something else keeps its clock, near UTC unless it lies. */
	bool is_reference, is_synchronised;
	dur_ns claim;   /* that it is so near */
	uint64_t steps; /* how often it was stepped */

	/* For check.c. */
	uint64_t changes;             /* of the clock, whoever made them */
	struct ticket_nonce redeemed; /* by the correction that is being handled */
	member_id from;               /* by whom */
	struct handed_out handed_out[HANDED_OUT];
	size_t n_handed_out;
	uint64_t cycle; /* that its own ticket is of */
	bool corrected;
	struct mono corrected_at;
	struct ticket_nonce changed; /* by the last change of the list of voters that was made */

	/* For rules.c. */
	struct ticket handed_over; /* the last ticket, as it was before it was used */
	bool forging;
};

/* --- administrators --- */

#define ADMINS 3

struct admin {
	bool busy;
	int leader; /* whom it asks */
	enum group_procedure proc;
	struct member_address member;
	int tries;
	uint64_t number; /* of its call */
	enum group_procedure asked;
};

/* --- the world --- */

#define TERMS 4096
#define HEARD 64 /* packets that somebody without a key remembers */
#define ADMIN (-1)

struct steady;

struct world {
	struct sim_options options;
	struct steady *steady; /* of steady.c, or null */
	struct sim_result *result;
	struct random random;
	int64_t now; /* true time */
	struct events events;
	struct agent_effects effects;
	uint64_t number; /* of the last call */

	int n;
	struct node *nodes;
	struct member_address *named;
	size_t n_named;
	dur_ns lease, cycle, tolerance, max_error, cap, reference_step;
	struct admin admins[ADMINS];

	/* The network, of packets from i to j: cut[i * n + j]. */
	bool *cut;
	dur_ns delay_least, delay_most;
	dur_ns congestion; /* added to delay_most */
	int loss_permille, duplicate_permille, straggler_permille;
	int full_permille; /* a socket cannot send for now */
	bool calm;         /* no faults any more */
	/* An attacker on the network without a key: hears packets, and sends them again whenever.
	 */
	int replay_permille;
	bool replays_polls; /* each, between the answer and the correction */
	bool forges;        /* answers to measurements, which have no MAC */
	size_t n_heard;
	struct packet *heard[HEARD];
	bool has_references;  /* some members are; and ... */
	bool lies;            /* ... one of them claims a wrong time */
	struct random keeper; /* of the references' clocks */
	int64_t killed_at;    /* when the leader was, until another acts; 0 else */
	dur_ns agreement;     /* how far apart clocks in agreement may be */
	int cut_off;          /* whom the leader cannot reach, or -1: chosen, and then ... */
	bool is_cut;          /* ... it cannot, since then: */
	uint64_t elected_before;
	int64_t settled_at; /* from then on all has to be well */

	/* For check.c. */
	member_id elected[TERMS], obeyed[TERMS];
	member_id settled_leader;
	struct voters_stamp settled_voters;
};

/* A random number in [low, high]; whether something of so many in 1000 cases happens. */
int64_t world_random(struct world *w, int64_t low, int64_t high);
bool world_chance(struct world *w, int permille);

/* A line of the trace, when there is one. */
void world_trace(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The node at that address, or null. */
struct node *world_node_at(struct world *w, const struct member_address *at);

/* sim.c */
void world_allocate(struct world *w);
void world_add_node(struct world *w, int i); /* without clocks */
void world_happen(struct world *w, const struct event *e);
void world_close(struct world *w);

/* steady.c: how long a packet takes; whether it is one of those that may be lost; a forged answer;
 * and a look at all clocks.
 */
dur_ns steady_delay(struct world *w, const struct packet *p);
bool steady_forges(struct world *w, const struct packet *p, dur_ns *ahead, dur_ns *delay);
bool steady_loses(const struct world *w, const struct packet *p);
void steady_look(struct world *w);

/* events.c */
void events_init(struct events *e);
void events_close(struct events *e);
struct event *events_add(struct world *w, int64_t at, enum event_kind kind, int node);
bool events_take(struct world *w, struct event *out); /* false: nothing is left */

/* network.c: the packet is copied. */
void network_send(struct world *w, const struct packet *p);
struct packet *packet_copy(const struct packet *p);

/* node.c */
struct mono node_mono(const struct world *w, const struct node *n);
ts_ns node_clock(const struct world *w, const struct node *n);
/* Each other one ends slews by itself. */
bool node_ends_slews(const struct world *w, int i);
void node_start(struct world *w, struct node *n);
void node_crash(struct world *w, struct node *n, dur_ns pause);
void node_set_alarm(struct world *w, struct node *n);
bool node_may_act(const struct world *w, const struct node *n);
/* The leader that may act, or null. */
struct node *node_leader(struct world *w);
/* Let an event happen to it, and whatever comes of that at once. */
void node_step(struct world *w, struct node *n, const struct agent_event *event);
void node_wake(struct world *w, struct node *n);
/* Its quartz runs faster by so much from now on. */
void node_turn(struct world *w, struct node *n, double ppb);
/* By somebody else. */
void node_set_clock(struct world *w, struct node *n, dur_ns add);

/* references.c */
ts_ns references_utc(const struct world *w);
/* Choose some, in some runs. */
void references_choose(struct world *w);
/* Make that node one, whose clock is `off` from UTC, and claims to be within `claim`. */
void references_make(struct world *w, struct node *n, dur_ns off, dur_ns claim);
/* One of them comes or goes; in the end all are there. */
void references_next(struct world *w);
void references_cease(struct world *w);
/* All members' claims are true. */
void references_check(struct world *w);

/* calls.c */
void calls_forget(struct node *n);
/* False when it cannot be sent now. */
bool calls_send(struct world *w, struct node *n, const struct agent_send *s);
void calls_measure(struct world *w, struct node *n, const struct agent_measure *m);
void calls_timeout(struct world *w, struct node *n, uint64_t number);
void calls_receive(struct world *w, struct node *n, struct packet *p);

/* admin.c */
void admin_start(struct world *w, int which);
void admin_receive(struct world *w, const struct packet *p);
/* Its pause is over (number 0), or so is the time for the answer to that call. */
void admin_wake(struct world *w, int which, uint64_t number);

/* rules.c: take the rule away that the options name, if any. */
bool rules_lack(const struct world *w, enum sim_rule rule);
void rules_before_packet(struct world *w, struct node *n, struct packet *p);
void rules_after_packet(struct world *w, struct node *n, const struct packet *p);
void rules_before_step(struct world *w, struct node *n, const struct agent_event *e);
void rules_after_step(struct world *w, struct node *n, const struct agent_event *e);
void rules_after_start(struct world *w, struct node *n);

/* faults.c */
void faults_next(struct world *w);
void faults_inject(struct world *w);
void faults_at_worst(struct world *w);
void faults_of_leader(struct world *w);
void faults_cease(struct world *w);

/* check.c: the first breach ends the run. */
void check_fail(struct world *w, enum sim_breach breach, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
void check_handed_out(struct world *w, struct node *n, const struct ticket_nonce *nonce);
void check_applied(struct world *w, struct node *n, dur_ns amount);
void check_changed(struct world *w, struct node *n, const struct packet *call);
void check_always(struct world *w);
/* A member that has found the group by itself is let in whenever it comes, and has to settle. */
void check_changes(struct world *w);
void check_settled(struct world *w);
void check_succession(struct world *w);
/* All but one obey the leader, and both it and that one know. */
void check_cut_off(struct world *w);

#endif
