/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Steering poll by poll, with its error messages, and its begin and end with the drift file.
 */
#ifndef TRACK_TRACK_STEER_H
#define TRACK_TRACK_STEER_H

#include "track/steering.h"
#include "track/track_rate.h"
#include "track/track_report.h"

struct track_steer {
	const char *program; /* for messages */
	struct steering steering;
	struct track_rate rate;
};

/* STATUS_DONE to go on, or an exit status after a message. `drift_file` may be null. */
int track_steer_begin(struct track_steer *s, const char *program, struct clock *clock,
		      const struct discipline_limits *limits, const char *drift_file);

/*
 * Decide on a measurement, correct the clock, and record it. If another program has changed the
 * clock since the measurement, nothing is done and the record is not steered. Returns as above. If
 * the decision has a slew_for, call track_steer_settle when that time is over.
 */
int track_steer_poll(struct track_steer *s, struct track_record *r);

/* End a slew in progress. A failure is reported. */
void track_steer_settle(struct track_steer *s);

/* Save the rate, and mark the clock as unsynchronised. */
void track_steer_end(struct track_steer *s);

#endif
