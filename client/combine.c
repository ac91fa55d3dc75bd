#include "client/combine.h"

#include <string.h>

#include "core/drift.h"

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

static dur_ns magnitude(dur_ns d)
{
	return d < 0 ? -d : d;
}

/* How far from the time of that server the estimate can lead, besides by its own error. */
static dur_ns distance(const struct estimate *from, const struct estimate *server)
{
	const dur_ns wider = server->max_error - from->max_error;

	return drift_add(magnitude(server->offset - from->offset), wider > 0 ? wider : 0);
}

dur_ns combine_reference_error(const struct combination *c, const struct measure_job *jobs)
{
	dur_ns worst = -1;

	for (size_t i = 0; i < c->servers; i++) {
		const struct measurement *m = &jobs[i].measured;

		if (c->select.verdict[i] == SELECT_TRUECHIMER && m->quality_known &&
		    m->quality.synchronised) {
			const dur_ns error = drift_add(m->quality.max_error,
						       distance(&c->estimate, &m->estimate));

			worst = error > worst ? error : worst;
		}
	}
	return worst < 0 ? INT64_MAX : worst;
}
