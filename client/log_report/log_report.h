/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on a log, for `timesync report`. */
#ifndef CLIENT_LOG_REPORT_LOG_REPORT_H
#define CLIENT_LOG_REPORT_LOG_REPORT_H

#include "client/draw/plot.h"
#include "client/log_report/log_truth.h"
#include "track/track_log.h"

struct log_report {
	const char *name;              /* of the log, for people */
	const struct track_log *log;   /* of one poll at least */
	const struct summary *summary; /* of these */
	bool all;                      /* draw the polls before convergence as well */
	const struct log_truth *truth; /* null: nobody has named it */
};

/* The measured offsets since convergence, if there was one, beside the true ones. */
struct log_truth_sum log_report_truth(const struct log_report *r);

/* For people. */
void log_report_print(const struct log_report *r);

/* For programs: a line with a JSON object. */
void log_report_json(const struct log_report *r);

/* The damaged lines of a log, for such an object. */
json_t *log_report_damages(const struct track_log_damage *damages, size_t n);

/*
 * Draw offsets over time: for people, as large as the terminal, unless there are too few for a
 * picture; or by client/draw/plot, with bounds, delays and rates below. If the clock has converged
 * and `all` is not set, draw only the polls since then. 0 or -errno.
 */
int log_report_draw(const struct log_report *r);
int log_report_plot(const struct log_report *r, const struct plot_options *o,
		    char why[PLOT_WHY_MAX]);

#endif
