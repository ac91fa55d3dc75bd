/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The leader's cycle (Gusella & Zatti 1989): poll every member and measure its clock, all at once;
 * decide; send everybody its own correction.
 *
 * A poll has a MAC, and so has its answer with two of the four timestamps: that bounds where the
 * member's clock can be. The burst of GET_TIMESTAMPS that follows has none, but is finer. It is
 * believed as far as it lies within what the authentic answer allows.
 */
#ifndef GROUP_CORE_CYCLE_H
#define GROUP_CORE_CYCLE_H

#include "core/sample.h"
#include "group/core/source.h"

/* A clock that has agreed in so many cycles in a row counts; others follow first. */
#define CYCLE_TRUSTED 8

/* The result of a cycle. */
struct cycle_result {
	dur_ns took, mean;
	size_t used;
};

enum cycle_phase {
	CYCLE_IDLE,
	CYCLE_POLLING,
	CYCLE_ADJUSTING,
	CYCLE_SELF, /* the others have their corrections; the leader's own clock is next */
};

/* {0} but for `at` at start. */
struct cycle {
	enum cycle_phase phase;
	bool stalled;       /* as many calls are under way as can be: */
	struct mono retry;  /* try again then, or when an answer has come */
	size_t next;        /* place to send to */
	size_t outstanding; /* calls of this cycle */
	struct mono at;     /* the next one begins */
	struct mono began;
	uint64_t serial; /* of the one that is under way, or was */
	struct cycle_result result;
	bool finished; /* one has come to its end: */
	struct mono ended;
	struct cycle_result last;
	struct ticket_nonce own; /* for its own clock, */
	dur_ns own_delay;        /* which counts as measured as well as any other */
	uint64_t term;           /* the common rate is of this term: */
	int64_t rate;            /* the common rate, 1e-12 */
	struct source source;
	struct berkeley_clock clocks[BERKELEY_MAX_CLOCKS];
	member_id of[BERKELEY_MAX_CLOCKS]; /* whose clocks those are */
	size_t n;
};

/* A cycle is due: none is under way, and this member may begin one if it leads. */
bool cycle_is_due(const struct cycle *y, struct mono now);

/* Put the next cycle off by one interval. */
void cycle_put_off(struct cycle *y, const struct agent_context *c);

/* Begin, as the leader. The caller hands out the ticket for its own clock, with the nonce `own`. */
void cycle_begin(struct cycle *y, const struct agent_context *c);

/* Send the next polls or corrections, a bounded number. */
void cycle_send(struct cycle *y, const struct agent_context *c);

/* Whether to decide now: all polls have been answered, or are too late. */
bool cycle_is_measured(const struct cycle *y, const struct agent_context *c);

/*
 * Decide on the corrections; or give the cycle up, if not `may`. `own` is the report on the
 * leader's own clock.
 */
void cycle_decide(struct cycle *y, const struct agent_context *c, bool may,
		  const struct group_report *own);

/*
 * The correction of the leader's own clock, which is the last one: false if it is not its turn. The
 * cycle ends with cycle_finish.
 */
bool cycle_own_correction(const struct cycle *y, const struct agent_context *c,
			  struct correction *out);
void cycle_finish(struct cycle *y, const struct agent_context *c, enum group_outcome outcome);

/* The outcome of the call with that tag. */
void cycle_polled(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		  const struct group_poll_result *answer, ts_ns departed, ts_ns arrived);
void cycle_measured(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		    const struct sample *s);
void cycle_adjusted(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag,
		    enum group_outcome outcome);
/* It could not be sent, as too many are under way; it will be sent again. */
void cycle_unsent(struct cycle *y, const struct agent_context *c, const struct agent_tag *tag);

/* When there is something to do next, answers apart. */
struct mono cycle_next(const struct cycle *y, const struct agent_context *c);

#endif
