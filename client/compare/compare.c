/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/compare/compare.h"

#include <errno.h>
#include <string.h>

void compare(struct comparison *out, const struct measurement *m, const struct request *request)
{
	memset(out, 0, sizeof(*out));
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		struct compare_result *r = &out->by[i];

		r->rc = estimate_make(&r->estimate, (enum estimate_method)i, m->samples, m->n,
				      &request->measure.estimate);
		if (r->rc == 0) {
			r->decision = policy_decide(r->estimate.offset, &request->limits);
		}
	}
}

void compare_with_truth(struct comparison *c, dur_ns truth)
{
	c->truth_known = true;
	c->truth = truth;
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		c->by[i].error = c->by[i].estimate.offset - truth;
	}
}

dur_ns compare_offset_after(const struct comparison *c, const struct compare_result *r)
{
	const bool adjusts = r->decision.action == POLICY_STEP || r->decision.action == POLICY_SLEW;

	return c->truth - (adjusts ? r->decision.correction : 0);
}

bool compare_is_within_bound(const struct compare_result *r)
{
	return r->error <= r->estimate.max_error && r->error >= -r->estimate.max_error;
}

const char *compare_why(const struct compare_result *r)
{
	switch (r->rc) {
	case -ENODATA:
		return "GET_TIME was not answered";
	default:
		return strerror(-r->rc);
	}
}
