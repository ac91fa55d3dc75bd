/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the log of `timesync query`: each measurement of each server, and its rounds. */
#ifndef CLIENT_LOG_REPORT_QUERY_LOG_H
#define CLIENT_LOG_REPORT_QUERY_LOG_H

#include "measure/series.h"
#include "track/track_log.h"

/* More servers than this no log has; the lines of others are damaged. */
#define QUERY_LOG_SERVERS 1024

/* A measurement of one server. */
struct query_log_point {
	size_t server;       /* index in the series */
	ts_ns at, system_at; /* local clock, and system clock at that instant */
	bool measured;       /* else the others have no meaning */
	dur_ns offset, max_error;
};

/* A round. */
struct query_log_round {
	size_t server;
	ts_ns at; /* t4 */
	dur_ns delay;
};

struct query_log {
	struct series series;
	struct query_log_point *points; /* owned, as the rounds are */
	size_t n_points, points_room;
	struct query_log_round *rounds;
	size_t n_rounds, rounds_room;
	size_t lines;
	size_t damaged;
	struct track_log_damage damages[TRACK_LOG_DAMAGES]; /* the first of them */
};

/* Whether the first line that is not blank, which comes once more, is one of such a log. */
bool query_log_begins(struct lines *in);

/*
 * Read a log to its end. Damaged lines are counted, and all others are used. 0, or -errno if `in`
 * cannot be read or there is no memory. Release it by query_log_free in any case.
 */
int query_log_read(struct query_log *out, struct lines *in);

void query_log_free(struct query_log *log);

#endif
