/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on a log, for `timesync report`. */
#ifndef CLIENT_LOG_REPORT_LOG_REPORT_H
#define CLIENT_LOG_REPORT_LOG_REPORT_H

#include "client/draw/plot.h"
#include "track/track_log.h"

struct log_report {
	const char *name;              /* of the log, for people */
	const struct track_log *log;   /* of one poll at least */
	const struct summary *summary; /* of these */
	bool all;                      /* draw the polls before convergence as well */
};

/* For people. */
void log_report_print(const struct log_report *r);

/* For programs: a line with a JSON object. */
void log_report_json(const struct log_report *r);

/*
 * Draw offsets over time: for people, as large as the terminal, unless there are too few for a
 * picture; or by client/draw/plot, with bounds, delays and rates below. If the clock has converged
 * and `all` is not set, draw only the polls since then. 0 or -errno.
 */
int log_report_draw(const struct log_report *r);
int log_report_plot(const struct log_report *r, const char *path, char why[PLOT_WHY_MAX]);

#endif
