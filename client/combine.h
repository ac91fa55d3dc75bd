/*
 * What several servers say together: who of them can be believed, and what follows.
 */
#ifndef CLIENT_COMBINE_H
#define CLIENT_COMBINE_H

#include "client/measure_all.h"
#include "core/select.h"

struct combination {
	size_t servers;  /* that were asked */
	size_t answered; /* that were measured */
	int rc;          /* 0; -ENODATA: none was measured; -EDOM: there is no majority */
	struct select_result select; /* its verdicts are in the order of the jobs */
	struct estimate estimate;    /* if rc is 0; of one server alone it is that server's own */
};

/* Combine what has been measured. */
void combine(struct combination *out, const struct measure_job *jobs, size_t n);

/*
 * How far from UTC that can be which the estimate is relative to, besides the estimate's own error:
 * as the truechimers that are synchronised claim it, and as long as one of them is right. The jobs
 * are those that were combined, with rc 0. INT64_MAX if none claims to be synchronised.
 */
dur_ns combine_reference_error(const struct combination *c, const struct measure_job *jobs);

#endif
