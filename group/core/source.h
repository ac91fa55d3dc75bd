/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Where a group's time comes from, as its leader decides it in each cycle: from references, as long
 * as a majority of them agrees, or from the members themselves, which are then an island.
 *
 * A group that keeps a time already is slewed towards that of the references (approach). Its
 * members are corrected straight to it, by steps if they are far off, only at a cold start, when
 * none of them is settled, or if the settings allow it (--reference-step).
 */
#ifndef GROUP_CORE_SOURCE_H
#define GROUP_CORE_SOURCE_H

#include "group/core/approach.h"
#include "group/core/berkeley.h"
#include "group/core/context.h"

/* {0} at start. */
struct source {
	bool has_begun; /* the term */
	struct references references;
	struct references_result result; /* of this cycle */
	struct approach approach;
	bool straight;    /* the members are sent straight to the references' time, in this cycle */
	bool cold;        /* as nobody is settled */
	unsigned far;     /* cycles in a row in which they were too far away for a turn */
	dur_ns aim;       /* the group's time, minus the leader's clock, */
	dur_ns aim_error; /* and how far that is from UTC at most; negative: nobody knows */
	int64_t drift_ppb; /* and how fast that grows */
	dur_ns drift;      /* so far the clocks may have drifted apart while they were measured */
	size_t n;
	struct reference_clock clocks[SELECT_MAX];
	member_id of[SELECT_MAX]; /* whose clocks those are */
};

/* A leader begins its term with an open mind. */
void source_begin_term(struct source *s, const struct agent_context *c);

/* All polls have been answered: look at the references. */
void source_select(struct source *s, const struct agent_context *c);

/*
 * `own` is the time that the members' own clocks decide on, minus the leader's, if there are any.
 * Decide whether the group follows the references, and whether its members are sent straight to
 * their time. `rate` is the common rate; the next one is returned, which an island changes.
 */
int64_t source_conclude(struct source *s, const struct agent_context *c,
			const struct berkeley_result *own, int64_t rate);

/* Whether the group follows references. */
bool source_follows(const struct source *s);

/*
 * The group's time is `aim` ahead of the leader's clock, by a cycle that began at that instant, and
 * the common rate was decided.
 */
void source_aim(struct source *s, const struct agent_context *c, dur_ns aim, int64_t rate,
		struct mono began);

/* The message about that time that goes to the member with its correction. */
struct group_time source_tell(const struct source *s, const struct group_poll *p);

#endif
