/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The bound of track's clock, published for other programs (timesync_now(3)).
 */
#ifndef TRACK_TRACK_BOUND_H
#define TRACK_TRACK_BOUND_H

#include <limits.h>

#include "track/steering.h"
#include "os/bound_publisher.h"

struct track_bound {
	const char *program; /* for messages */
	bool trust;          /* the servers' clocks are the true time, whatever they say */
	int complained;      /* the last -errno reported; 0: none */
	struct bound_publisher publisher;
	char path[PATH_MAX];
};

/* Begin, for the clock file or, if that is null, for the system clock. */
void track_bound_begin(struct track_bound *b, const char *program, const char *clock_file,
		       bool trust);

/*
 * Publish the bound as it is now; the durations are those of steering_bound. Call this after each
 * change of the clock. A failure is reported once.
 */
void track_bound_publish(struct track_bound *b, const struct steering *s, dur_ns slew_for,
			 dur_ns next_poll);

/* Publish for the last time: from now on the clock is in hold-over, and unknown later. */
void track_bound_end(struct track_bound *b, const struct steering *s);

#endif
