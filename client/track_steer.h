/*
 * Steering poll by poll, with what is said when something keeps it from that; and its begin and
 * end, with the rate that is kept from one run to the next.
 */
#ifndef CLIENT_TRACK_STEER_H
#define CLIENT_TRACK_STEER_H

#include "client/steering.h"
#include "client/track_rate.h"
#include "client/track_report.h"

struct track_steer {
	const char *program; /* for messages */
	struct steering steering;
	struct track_rate rate;
};

/* An exit status, after saying why; STATUS_DONE to go on. `drift_file` may be null. */
int track_steer_begin(struct track_steer *s, const char *program, struct clock *clock,
		      const struct discipline_limits *limits, const char *drift_file);

/*
 * Decide on a measurement, carry it out and put what was done into the record, which is not steered
 * if the clock was no longer the one that was measured. As above. If the decision has a slew_for,
 * track_steer_settle is to be called when that is over.
 */
int track_steer_poll(struct track_steer *s, struct track_record *r);

/* End a slew, if one is under way, or say why that fails. */
void track_steer_settle(struct track_steer *s);

/* Whatever the end is: the rate is saved, and nobody vouches for the clock any more. */
void track_steer_end(struct track_steer *s);

#endif
