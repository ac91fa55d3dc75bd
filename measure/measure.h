/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A measurement: the exchanges with one server that an estimate is made from.
 */
#ifndef MEASURE_MEASURE_H
#define MEASURE_MEASURE_H

#include "measure/progress.h"
#include "measure/target.h"
#include "core/estimate.h"
#include "rpc/client/exchange.h"

#define MEASURE_MAX_ROUNDS 10000
/* Fewer valid rounds than this are no measurement, unless fewer were asked for. */
#define MEASURE_MIN_VALID 3
/* Nobody asks a server anything more often than that, of his own accord. */
#define MEASURE_MIN_INTERVAL (250 * NS_PER_MS)

struct measure_options {
	unsigned rounds; /* valid rounds wanted; up to twice as many are tried */
	enum estimate_method method;
	dur_ns timeout; /* of one round */
	struct estimate_options estimate;
	bool interleaved; /* use the exact transmit timestamps of the kernels: UDP only */
	bool in_turn; /* as many GET_TIMEs as rounds, in turn: the same samples for any method */
	struct clock *clock;    /* what cancels its waits ends the measurement (clock_cancel_by) */
	const char *clock_file; /* the file that it is; null: it is the system clock */
	struct progress *progress; /* to be told; null: nobody is */
	bool quiet;                /* and nobody wants to see it */
};

struct measurement {
	struct address server;
	int socktype;
	struct sample *samples; /* in the order in which they were made; owned */
	size_t n;
	unsigned stepped;    /* rounds discarded because a clock stepped in their middle */
	struct reading read; /* the local clock, after the last exchange */
	struct call_counts counts;
	bool quality_known;
	struct clock_quality quality; /* of the served clock */
	struct estimate estimate;
};

/* Kept from one measurement of a server to the next. All zeros is a beginning. */
struct measure_kept {
	struct exchange *x;    /* the way to the server, open: it is not greeted again; or null */
	struct address server; /* that it leads to */
	bool skip_time;        /* no GET_TIME this time, unless the method needs it */
};

/* One server, and what came of it. */
struct measure_job {
	struct target target;
	struct measure_kept *kept; /* null: nothing is kept */
	int rc;                    /* as of measure() */
	struct measurement measured;
	char why[TARGET_WHY_MAX]; /* if rc is not 0 */
	/* Which server it is; see measure/identity.h. */
	const struct measure_job *same_as; /* the one that counts for it instead; null: this one */
	bool is_self; /* a daemon of this machine that serves the clock that was measured */
};

/*
 * Set estimate.max_drift_ppb to what the clock's frequency allows, now: a clock file says how fast
 * it runs, and the system clock runs as far off as its frequency was changed, if not to correct it.
 */
void measure_take_drift(struct measure_options *options);

/*
 * Measure the target: the address that is kept, or the first one that answers, which is then kept.
 * 0, with `out` to be released by measurement_free; or -1 with the reason in `why`, the packets
 * sent and lost in out->counts, and the address that was tried in out->server.
 *
 * There is no result when the exchanges exclude each other (core/agree.h), or when the local clock
 * was stepped while they were made (core/continuity.h).
 */
int measure(struct measurement *out, const struct target *target,
	    const struct measure_options *options, struct measure_kept *kept,
	    char why[TARGET_WHY_MAX]);

/* Close the way that is kept. */
void measure_forget(struct measure_kept *kept);

void measurement_free(struct measurement *m);

/* Say that the local clock was stepped, by at least `step`, so that there is no result. -1. */
int measure_was_stepped(const struct target *target, dur_ns step, char why[TARGET_WHY_MAX]);

/* The time that the server gave to the exercise's GET_TIME: that of least round trip. Null if none.
 */
const struct sample *measurement_time(const struct measurement *m);

#endif
