/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the log of `timesync track`: polls, and the verdicts on each server. */
#ifndef TRACK_TRACK_LOG_H
#define TRACK_TRACK_LOG_H

#include "os/lines.h"
#include "track/track_log_servers.h"

/* The number of damaged lines that are kept in detail. */
#define TRACK_LOG_DAMAGES 10

/* A line that is none of track's. */
struct track_log_damage {
	size_t line;     /* from 1 */
	const char *why; /* a clause; a static string */
};

struct track_log {
	struct summary_poll *polls;
	size_t n, room;
	struct track_log_servers servers;
	size_t without_rounds;                              /* polls that say nothing of them */
	struct track_rounds rounds;                         /* of all others together */
	size_t lines;                                       /* the empty ones too */
	size_t damaged;                                     /* lines */
	struct track_log_damage damages[TRACK_LOG_DAMAGES]; /* the first of them */
};

/*
 * Read a log to its end. Damaged lines are counted, and all others are used. 0, or -errno if `in`
 * cannot be read or there is no memory. Release it by track_log_free in any case.
 */
int track_log_read(struct track_log *out, struct lines *in);

void track_log_free(struct track_log *log);

#endif
