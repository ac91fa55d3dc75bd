/* SPDX-License-Identifier: BSD-3-Clause */
/* The output of `timesync track` for each poll. */
#ifndef TRACK_TRACK_REPORT_H
#define TRACK_TRACK_REPORT_H

#include "measure/combine.h"
#include "track/track_feed.h"
#include "core/discipline.h"

/* One poll and its result. */
struct track_record {
	ts_ns at;        /* local time, before the correction */
	ts_ns system_at; /* by the system clock, at the same instant */
	const struct combination *measured;
	const struct measure_job *jobs; /* that it was combined from */
	bool steered; /* false: it was for chronyd, and the next three have no meaning */
	const struct discipline_limits *limits; /* as the user has them */
	struct discipline_decision decision;
	struct discipline_status status;
	enum track_fed fed; /* unless it was steered */
};

/*
 * Print a line on stdout: `json`, or text if that is null. False if stdout is a closed pipe; any
 * other failure is reported once.
 */
bool track_report_print(const struct track_record *r, const char *json, const char *program);

/* The same text, but for the time, to be freed; null when out of memory. */
char *track_report_text(const struct track_record *r);

/* Say that the clock was stepped: from, to, and why. */
void track_report_step(const struct track_record *r, struct clock *clock, const char *program);

/* Report that a limit refused a correction, and name the limit. */
void track_report_refusal(const struct track_record *r, const struct discipline_limits *limits,
			  struct clock *clock, const char *program);

/* A JSON object, without an end of line, to be freed; null when out of memory. */
char *track_report_json(const struct track_record *r);

#endif
