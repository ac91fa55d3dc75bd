/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * --upstream: a process that tracks servers, as `timesync track` does, and keeps the clock that the
 * daemon serves.
 */
#ifndef SERVER_UPSTREAM_H
#define SERVER_UPSTREAM_H

#include "os/clock_keeping.h"
#include "rpc/tracking.h"
#include "server/keeper.h"
#include "server/settings.h"

struct upstream_page;

struct upstream {
	const struct settings *settings;
	struct clock_keeping keeping;
	struct clock *clock;
	struct upstream_page *page; /* the tracker's state, in memory shared with it */
};

/*
 * Prepare it, before the daemon gives up its privileges. 0 or -errno after logging; the caller
 * releases it with upstream_close, whatever the outcome.
 */
int upstream_open(struct upstream *u, const struct settings *settings);

/* The process, for the supervisor. */
struct keeper upstream_keeper(struct upstream *u);

/* The tracker's state. */
void upstream_tracking(const struct upstream *u, struct tracking *out);

void upstream_close(struct upstream *u);

#endif
