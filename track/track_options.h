/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of a tracker: of `timesync track`, and of timesyncd --upstream, which share the rows
 * of these options.
 */
#ifndef TRACK_TRACK_OPTIONS_H
#define TRACK_TRACK_OPTIONS_H

#include "core/discipline.h"
#include "measure/measure_all.h"
#include "os/option_rows.h"
#include "rpc/tracking.h"

/* As many servers can be tracked. */
#define TRACK_SERVERS_MAX MEASURE_MAX_SERVERS

/* The output for each poll. */
enum track_output {
	TRACK_PRINTS_TEXT, /* a line on stdout */
	TRACK_PRINTS_JSON,
	TRACK_LOGS_CHANGES, /* into the daemon's log, and only news */
};

struct track_options {
	const char *program; /* for messages; null: they go to the daemon's log */
	const struct parse_host *hosts;
	size_t n_hosts; /* at least one */
	struct target_options target;
	struct measure_options measure; /* its clock is open */
	unsigned rounds;                /* at each poll; 0: as many as are needed */
	bool trust;                     /* accept servers that are not synchronised */
	enum track_output output;
	struct discipline_limits limits;
	const char *drift_file;  /* null: none */
	const char *log_file;    /* null: none */
	const char *chrony_sock; /* null: steer the clock ourselves */
	bool interval_given;     /* the interval is the user's */
	bool given;              /* another of the rows below was given */
	int64_t count;           /* polls to make; 0: until stopped */
	/* Gets the tracking's state after each poll and each end of a slew; null: nobody does. */
	void (*told)(void *arg, const struct tracking *t);
	void *told_arg;
};

/* Where a row is valid. The verb has a scope of its own among the verbs that measure. */
enum { TRACK_OF_DAEMON = 1, TRACK_OF_VERB = 16 };

#define TRACK_ROWS 11
extern const struct option_row track_rows[TRACK_ROWS];

/* Before parsing: set the defaults that no row has. */
void track_options_begin(struct track_options *t);

/*
 * After parsing: check and derive the settings that depend on several options, and on the clock.
 * Null, or the error as a sentence; a static string.
 */
const char *track_options_complete(struct track_options *t);

/* The limits of a first correction, beside max_change. */
void track_options_limit_first(struct policy_limits *first, bool system_clock, bool trust);

#endif
