/*
 * What `timesync track` says of each poll.
 */
#ifndef CLIENT_TRACK_REPORT_H
#define CLIENT_TRACK_REPORT_H

#include <stdio.h>

#include "client/combine.h"
#include "core/discipline.h"

/* One poll, and what was made of it. */
struct track_record {
	ts_ns at; /* local time, before the correction */
	const struct combination *measured;
	const struct measure_job *jobs; /* that was combined from */
	bool steered; /* else the measurement was handed on, and what follows means nothing */
	struct discipline_decision decision;
	struct discipline_status status;
};

/* A line for people. */
void track_report_line(const struct track_record *r, FILE *out);

/* Open a log to append to. Null, with errno: EMEDIUMTYPE if the file is something else. */
FILE *track_report_open(const char *path);

/* A line with a JSON object. False when it could not be written. */
bool track_report_json(const struct track_record *r, FILE *out);

#endif
