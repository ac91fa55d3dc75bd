/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/log_choice.h"

#include <errno.h>
#include <stdlib.h>

static bool is_estimate(const struct summary_poll *p)
{
	return p->steered && p->phase == DISCIPLINE_HOLDING_OVER && p->estimate_error != INT64_MAX;
}

int log_choose(struct log_choice *out, const struct log_report *r)
{
	enum summary_part part = SUMMARY_BEFORE;

	out->all = r->all || r->summary->since.polls == 0;
	out->n = 0;
	out->polls = calloc(r->log->n, sizeof(*out->polls));
	if (!out->polls) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < r->log->n; i++) {
		const struct summary_poll *p = &r->log->polls[i];

		part = p->part != SUMMARY_UNUSED ? p->part : part;
		if ((p->part != SUMMARY_UNUSED || is_estimate(p)) &&
		    (out->all || part == SUMMARY_SINCE)) {
			out->polls[out->n++] = p;
		}
	}
	return 0;
}

void log_choice_free(struct log_choice *c)
{
	free(c->polls);
	c->polls = NULL;
}

bool log_is_measured(const struct summary_poll *p)
{
	return p->part != SUMMARY_UNUSED;
}

dur_ns log_offset(const struct summary_poll *p)
{
	return log_is_measured(p) ? p->offset : p->estimate;
}

dur_ns log_bound(const struct summary_poll *p)
{
	return log_is_measured(p) ? p->max_error : p->estimate_error;
}
