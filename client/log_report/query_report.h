/* SPDX-License-Identifier: BSD-3-Clause */
/* The report on a log of `timesync query`, for `timesync report`. */
#ifndef CLIENT_LOG_REPORT_QUERY_REPORT_H
#define CLIENT_LOG_REPORT_QUERY_REPORT_H

#include "client/draw/plot.h"
#include "client/log_report/log_truth.h"
#include "client/log_report/query_log.h"

struct query_report {
	const char *name;              /* of the log, for people */
	struct query_log *log;         /* of one measurement at least */
	const struct log_truth *truth; /* null: nobody has named it */
};

/* For people; for programs, a line with a JSON object. */
void query_report_print(const struct query_report *r);
void query_report_json(const struct query_report *r);

/*
 * Draw offsets over time in characters; or offsets with their bounds, and round trips, by
 * client/draw/plot. 0 or -errno.
 */
int query_report_draw(const struct query_report *r);
int query_report_plot(const struct query_report *r, const struct plot_options *o,
		      char why[PLOT_WHY_MAX]);

#endif
