#include "client/combine.h"

#include <string.h>

void combine(struct combination *out, const struct measure_job *jobs, size_t n)
{
	struct select_candidate candidates[SELECT_MAX];

	memset(out, 0, sizeof(*out));
	memset(candidates, 0, sizeof(candidates));
	out->servers = n;
	for (size_t i = 0; i < n; i++) {
		const struct estimate *e = &jobs[i].measured.estimate;

		candidates[i].max_error = -1; /* no vote */
		if (jobs[i].rc != 0) {
			continue;
		}
		candidates[i].offset = e->offset;
		candidates[i].max_error = e->max_error;
		out->answered++;
		if (e->at >= out->estimate.at) {
			out->estimate = *e;
		}
	}
	out->rc = select_combine(&out->select, candidates, n);
	if (out->rc == 0) { /* which, of one server alone, changes nothing */
		out->estimate.offset = out->select.offset;
		out->estimate.max_error = out->select.max_error;
	}
}
