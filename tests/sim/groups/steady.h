/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How well a group keeps together: five members with quartzes of -50, -20, 0, 25 and 50 ppm, whose
 * rates wander, on a network that is what the scenario says. All of it follows from a seed.
 */
#ifndef TESTS_SIM_GROUPS_STEADY_H
#define TESTS_SIM_GROUPS_STEADY_H

#include "core/ts.h"
#include "tests/sim/groups/sim.h"

enum steady_event {
	STEADY_NOTHING,
	STEADY_NEWCOMER,    /* a sixth member comes, 0.9 s off */
	STEADY_SICK,        /* one of the five turns 2000 ppm faster */
	STEADY_SICK_LEADER, /* the leader does */
};

/* A member that something else keeps. */
struct steady_reference {
	dur_ns claim;  /* within so much of UTC it says to be; it is, unless it lies: */
	dur_ns lie;    /* so far ahead of UTC it is when measuring begins */
	dur_ns period; /* it comes and goes, each for half of that; 0: it stays */
};

#define STEADY_REFERENCES 3

struct steady_options {
	uint64_t seed;
	enum sim_rule without;
	dur_ns cycle;
	dur_ns warm, watched; /* true time before measuring, and of measuring */
	dur_ns delay, jitter; /* of a packet: at the least; and on top of that on average, ... */
	bool uniform;         /* ... or at most, if all between are equally likely */
	double wander_ppb;    /* per sqrt(s) */
	dur_ns apart;         /* the clocks begin within +- this */
	int loss_permille;
	bool loses_calls;        /* only, and answers arrive */
	dur_ns late, late_for;   /* packets to one member: now and then for so long */
	dur_ns forged;           /* the answers of one member once claim to be so far ahead, ... */
	bool forged_early;       /* ... and come so early that they look precise */
	dur_ns kill_every;       /* the leader, who comes back after 20 s; 0: never */
	enum steady_event event; /* when measuring begins */
	size_t n_references;     /* on top of the five */
	struct steady_reference references[STEADY_REFERENCES];
	dur_ns gone_for; /* all of them, when measuring begins */
	dur_ns reference_step;
	FILE *trace;
};

struct steady_result {
	enum sim_breach breach; /* of what must hold for any group */
	char what[200];
	/* Of the spread of the five clocks, but one that is sick. */
	dur_ns p50, p95, max;
	dur_ns largest_move;  /* of one of these clocks in a cycle, off the way it was going */
	uint64_t steps;       /* of one of them while measuring */
	dur_ns together;      /* true time until the spread stayed below 1 ms; -1: never */
	double mean_rate_ppb; /* of these clocks, and ... */
	double own_rate_ppb;  /* ... of their quartzes, on average */
	/* With references: of the five clocks, from UTC. */
	dur_ns utc_p95, utc_max;
	dur_ns utc_end;    /* when measuring ended */
	dur_ns claim_most; /* the largest error that one of them has claimed */
	uint64_t untrue;   /* looks at which one was farther off than it claimed */
	uint64_t changes;  /* between REFERENCE and ISLAND, of the first of them */
	int permille;      /* so much of the time it was REFERENCE */
};

void steady_run(struct steady_result *out, const struct steady_options *options);

#endif
