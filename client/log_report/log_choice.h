/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which polls of a log are drawn.
 */
#ifndef CLIENT_LOG_REPORT_LOG_CHOICE_H
#define CLIENT_LOG_REPORT_LOG_CHOICE_H

#include "client/log_report/log_report.h"

struct log_choice {
	const struct summary_poll **polls; /* in their order; owned */
	size_t n;
	bool all; /* not only those since convergence */
};

/*
 * All that have something to draw; or those since convergence, and while it held over then. 0, with
 * `out` to be released by log_choice_free; or -ENOMEM.
 */
int log_choose(struct log_choice *out, const struct log_report *r);

void log_choice_free(struct log_choice *c);

/* Whether such a poll has a measurement; else it has an estimate. */
bool log_is_measured(const struct summary_poll *p);

/* The offset by that, and its bound. */
dur_ns log_offset(const struct summary_poll *p);
dur_ns log_bound(const struct summary_poll *p);

#endif
