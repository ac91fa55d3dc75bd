/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * How a daemon does: the program TIMESYNC_STATUS_PROG from both ends.
 */
#ifndef RPC_STATUS_H
#define RPC_STATUS_H

#include "os/clock.h"
#include "rpc/server/counters.h"
#include "rpc/server/svc_message.h"
#include "rpc/tracking.h"

struct status {
	dur_ns uptime;
	unsigned workers;
	uint64_t restarts; /* workers that died and were replaced */
	uint64_t counts[COUNTERS];
};

/* Put the status as it is now into `out`. */
typedef void status_fn(void *arg, struct status *out);

/* The state of a tracking at `now`, and the quality of the clock that GET_TIME tells then. */
struct tracked {
	struct tracking tracking;
	struct mono now;
	struct clock_quality served;
};

/* Put it into `out`. False if there is no tracking. */
typedef bool status_tracked_fn(void *arg, struct tracked *out);

/* The server's end: the context of svc_message_open for status_programs. */
struct status_source {
	status_fn *get;
	status_tracked_fn *tracked;
	void *arg;
};

#define STATUS_PROGRAMS 1
extern const struct svc_program status_programs[STATUS_PROGRAMS];

/*
 * The client's end: ask the daemon at the local socket `at`, for at most `timeout` in all. 0, or
 * -errno: -ENOENT and -ECONNREFUSED when no daemon is there, -ECONNRESET when it does not serve us,
 * -ETIMEDOUT, -EBADMSG.
 */
int status_ask(struct status *out, const struct address *at, struct clock *clock, dur_ns timeout);

/*
 * The same of its tracking; out->now is by `clock`. -ENODATA if the daemon does no tracking, or is
 * too old to tell.
 */
int status_ask_tracking(struct tracked *out, const struct address *at, struct clock *clock,
			dur_ns timeout);

#endif
