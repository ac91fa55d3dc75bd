/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A group of members, each the product's own agent, on a bad network, in virtual time: everything
 * that happens follows from a seed. What must never happen is looked for after every event, and
 * that all is well in the end, when the faults have ceased.
 */
#ifndef TESTS_SIM_GROUPS_SIM_H
#define TESTS_SIM_GROUPS_SIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Rules that can be taken away from all members, to prove that the simulator notices. */
enum sim_rule {
	SIM_NO_RULE,
	SIM_TERM,       /* else: whoever acts as a leader is obeyed, whatever its term */
	SIM_MEMORY,     /* else: term and vote do not outlive a restart */
	SIM_SAVE_FIRST, /* else: sends before it saves, and a crash can come in between */
	SIM_SAVED,      /* else: goes on when it could not save */
	SIM_MAJORITY,   /* else: the vote of one other is enough */
	SIM_LEASE,      /* else: a leader acts until it hears of another */
	SIM_PROMISE,    /* else: votes against a living leader */
	SIM_REST,       /* else: votes right after a restart */
	SIM_STAMP,      /* else: votes for a member that missed a change of the list of voters */
	SIM_INSTALLED,  /* else: changes the list of voters before a majority has the last change */
	SIM_TELL,       /* else: a removed member is not told */
	SIM_BULLY,      /* else: the highest does not take over */
	SIM_POLL_NEW,   /* else: a poll that is repeated is answered anew */
	SIM_TICKET_ONCE, /* else: a ticket is not used up */
	SIM_TICKET_NEW,  /* else: any ticket will do */
	SIM_CLOCK,       /* else: does not notice that somebody else has set the clock */
	SIM_WITHIN,      /* else: any measurement is believed, not only within the poll's bound */
	SIM_ADMIN_ONCE,  /* else: a nonce is good for several changes */
	SIM_CAP,         /* else: corrections of any size */
	SIM_INTERVAL,    /* else: corrections at any time */
	SIM_SIGN,        /* else: corrections are subtracted, not added */
	/* These are missed by the spread of a group that nothing disturbs (steady.h): */
	SIM_COAST,       /* else: a measurement that contradicts the earlier ones is believed */
	SIM_DELAY,       /* else: a late measurement counts as any other */
	SIM_SLEW_END,    /* else: a slew goes on until the next correction */
	SIM_COMMON_RATE, /* else: nobody looks after the common rate */
	SIM_RULES
};

/* The first rule of those. */
#define SIM_STEADY_RULES SIM_COAST

/* What must not be. */
enum sim_breach {
	SIM_FINE,
	SIM_TWO_OBEYED,  /* corrections of two leaders were applied in one term */
	SIM_TWO_ELECTED, /* two leaders of one term */
	SIM_TWO_ACT,     /* two leaders, of any terms, may act at the same time */
	SIM_TWICE,       /* a correction was applied twice */
	SIM_OUTDATED,    /* or to a clock that had been changed since it was measured */
	SIM_TOO_LARGE,   /* or is above the cap */
	SIM_TOO_SOON,    /* or came too soon after the one before, so that two make one too large */
	SIM_UNSAVED,     /* acted on what it could not save */
	SIM_REPEATED,    /* a change was made twice */
	SIM_NO_LEADER,   /* not one that all obey, or not the highest, though there was time */
	SIM_STRAY,       /* a removed member takes itself for one, though there was time */
	SIM_UNSAID, /* nobody says that the leader cannot reach a member, though there was time */
	SIM_APART,  /* the clocks do not agree, though there was time */
	SIM_SET_REFERENCE, /* a reference's clock was set */
	SIM_UNTRUE, /* a clock is farther from UTC than its member says, though no reference lies */
	SIM_BROKEN, /* the simulator is at its limits */
	SIM_BREACHES
};

struct sim_options {
	uint64_t seed;
	enum sim_rule without;
	/*
	 * Nothing goes wrong but packets, and once the leader is killed: another has to act within
	 * 3 leases.
	 */
	bool kill_leader;
	/*
	 * The same, but before it is killed the leader and one other member cannot reach each other
	 * for a while: one way or both ways. All others reach both.
	 */
	bool cut_leader;
	/*
	 * One member loses its saved state whenever it restarts; nobody is added or removed. Then a
	 * term may have two leaders, and one of them stays out of the group; but two must never act
	 * at the same time.
	 */
	bool forgetful;
	int nodes;   /* so many; 0: as the seed says, up to 9 */
	FILE *trace; /* every event as a line; null for none */
};

struct sim_result {
	enum sim_breach breach; /* the first, which ends the run */
	char what[200];         /* about it */
	uint64_t events, packets, lost, faults;
	uint64_t replayed;    /* packets, by somebody without a key */
	uint64_t forged;      /* answers to measurements, by the same */
	uint64_t unsaved;     /* saves that failed */
	uint64_t leaders;     /* elections that were won */
	uint64_t corrections; /* that were applied */
	uint64_t refused;     /* corrections that were not */
	uint64_t changes;     /* of the list of voters */
	uint64_t claims;      /* of an error, that were checked */
	int64_t leaderless;   /* kill_leader: until another acted, ns */
};

void sim_run(struct sim_result *out, const struct sim_options *options);

/* A rule's name on the command line, a breach in words; static strings. */
const char *sim_rule_name(enum sim_rule rule);
const char *sim_breach_text(enum sim_breach breach);

#endif
