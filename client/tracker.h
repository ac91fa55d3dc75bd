/*
 * Tracking: measure, correct, wait, for ever; or measure and feed chronyd.
 */
#ifndef CLIENT_TRACKER_H
#define CLIENT_TRACKER_H

#include "client/request.h"
#include "core/discipline.h"

struct track_options {
	struct discipline_limits limits;
	const char *drift_file;  /* null: none */
	const char *log_file;    /* null: none */
	const char *chrony_sock; /* null: steer the clock ourselves */
	int64_t count;           /* polls to make; 0: until stopped */
};

/*
 * Track the servers of the request on its open clock until SIGTERM or SIGINT, or the last poll. The
 * exit status, after saying on stderr what ended it if that was anything else, or that no poll of
 * all that were wanted was of use.
 */
int tracker_run(const struct request *request, const struct track_options *options);

#endif
