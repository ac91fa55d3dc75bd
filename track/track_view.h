/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A tracker's state, put together to be told (rpc/tracking.h).
 */
#ifndef TRACK_TRACK_VIEW_H
#define TRACK_TRACK_VIEW_H

#include "rpc/tracking.h"
#include "track/steering.h"
#include "track/track_report.h"
#include "track/track_servers.h"

/* After a poll that ended at `now`, when the next one is in `next_poll`. */
void track_view_polled(struct tracking *v, const struct track_record *r,
		       const struct track_servers *servers, const struct steering *s,
		       struct mono now, dur_ns next_poll);

/* A slew has ended. */
void track_view_settled(struct tracking *v);

#endif
