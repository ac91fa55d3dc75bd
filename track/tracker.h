/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Tracking: measure, correct, wait, for ever; or measure and feed chronyd.
 */
#ifndef TRACK_TRACKER_H
#define TRACK_TRACKER_H

#include "core/discipline.h"
#include "measure/measure.h"

/* What is printed on stdout for each poll. */
enum track_output { TRACK_PRINTS_TEXT, TRACK_PRINTS_JSON };

struct track_options {
	const char *program; /* for messages */
	const struct parse_host *hosts;
	size_t n_hosts; /* at least one */
	struct target_options target;
	struct measure_options measure; /* its clock is open */
	unsigned rounds;                /* at each poll; 0: as many as are needed */
	bool trust; /* servers that are not synchronised are believed all the same */
	enum track_output output;
	struct discipline_limits limits;
	const char *drift_file;  /* null: none */
	const char *log_file;    /* null: none */
	const char *chrony_sock; /* null: steer the clock ourselves */
	bool interval_given;     /* the interval is the user's */
	int64_t count;           /* polls to make; 0: until stopped */
};

/*
 * Track the servers on the clock until the last poll, or a signal that would
 * end the process, which is obeyed at once; SIGHUP reopens the log. In any case the rate is saved
 * and the clock's claim is withdrawn at the end. Returns the exit status, after reporting on stderr
 * an unexpected end, or that none of the wanted polls could be used.
 */
int tracker_run(const struct track_options *options);

#endif
