/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The care for the clock after a correction: the correction is logged with its reason, the clock is
 * marked as synchronised, and its bound is published for other programs.
 *
 * If the group has followed references, the mark has the maximum error of the clock from UTC; else
 * it has the error from the group's time.
 */
#ifndef GROUP_AGENT_CARE_H
#define GROUP_AGENT_CARE_H

#include "group/agent/notes.h"
#include "group/core/agent.h"
#include "os/bound_publisher.h"
#include "os/clock_claim.h"

#define CARE_PATH_MAX 4096

struct care {
	struct clock *clock;         /* null: a reference's, which is left alone; not owned */
	struct clock_claim claim;    /* of the clock that is kept */
	uint64_t corrections, epoch; /* so far, and the clock's then */
	bool ended;                  /* no mark is made any more */
	struct bound_publisher publisher;
	struct mono published;
	int complained; /* -errno that was logged */
	char page[CARE_PATH_MAX];
};

/* Begin to care for the clock of that file, or null for the system clock. */
void care_begin(struct care *c, struct clock *clock, const char *file, bool is_reference);

/*
 * After each step of the agent, whose clock is of that epoch. The mark is renewed by each
 * correction, as the kernel lets the error grow until the next; it is taken back when this is no
 * member any more, or somebody else has set the clock. Alone, a member has nobody to be in step
 * with, and makes none.
 */
void care_after_step(struct care *c, const struct agent *a, uint64_t epoch, struct mono now,
		     const struct notes *n);

/*
 * Take the mark back, for good: the process is to end. At once, as it may be killed before it has
 * handed over.
 */
void care_end(struct care *c);

/* Release it. The bound that was published grows old. */
void care_close(struct care *c);

#endif
