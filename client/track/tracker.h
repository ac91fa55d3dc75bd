/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking: measure, correct, wait, for ever; or measure and feed chronyd.
 */
#ifndef CLIENT_TRACK_TRACKER_H
#define CLIENT_TRACK_TRACKER_H

#include "client/request.h"
#include "core/discipline.h"

struct track_options {
	struct discipline_limits limits;
	const char *drift_file;  /* null: none */
	const char *log_file;    /* null: none */
	const char *chrony_sock; /* null: steer the clock ourselves */
	bool interval_given;     /* the interval is the user's */
	int64_t count;           /* polls to make; 0: until stopped */
};

/*
 * Track the servers of the request on its open clock until the last poll, or a signal that would
 * end the process, which is obeyed at once; SIGHUP reopens the log. In any case the rate is saved
 * and the clock's claim is withdrawn at the end. Returns the exit status, after reporting on stderr
 * an unexpected end, or that none of the wanted polls could be used.
 */
int tracker_run(const struct request *request, const struct track_options *options);

#endif
