/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The measurements of several servers, combined: which servers are truechimers, and the result.
 */
#ifndef MEASURE_COMBINE_H
#define MEASURE_COMBINE_H

#include "measure/measure_all.h"
#include "core/select.h"

struct combination {
	size_t named;    /* jobs, in whatever words */
	size_t servers;  /* different ones of them, without oneself: more than half must agree */
	size_t answered; /* of these, that were measured */
	size_t self;     /* jobs that led to oneself */
	int rc;          /* 0; -ENODATA: none was measured; -EDOM: there is no majority */
	/* Their clocks differ, but by no more than their servers admit: the estimate and its bound
	 * are of UTC.
	 */
	bool by_claims;
	/* Its verdicts are in the order of the jobs: SELECT_UNUSABLE where a job has no vote.
	 */
	struct select_result select;
	struct estimate estimate; /* if rc is 0; of one server alone it is that server's own */
};

/*
 * Combine the measurements of the servers with a vote. Only this function decides whether there is
 * a result: more than half of the named servers must agree, on their clocks, or if they do not, on
 * UTC: there each interval is as much wider as its server admits to be off (as the root distance in
 * RFC 5905, section 11.2.1, has the root dispersion). A server that is not synchronised, or does
 * not say so, is unusable there: it counts, but agrees with nobody.
 */
void combine(struct combination *out, const struct measure_job *jobs, size_t n);

/* Why there is no result, as a short clause; a static string. */
const char *combine_why(const struct combination *c);

/* Whether a server contradicts the majority. */
bool combine_is_disputed(const struct combination *c);

/*
 * How far from UTC that can be which the estimate is relative to, besides the estimate's own error:
 * as the truechimers that are synchronised claim it, and as long as one of them is right. The jobs
 * are those that were combined, with rc 0. INT64_MAX if none claims to be synchronised. With
 * by_claims the estimate's own error has these claims too; they are counted again here, for those
 * who combine it with estimates of other polls, which are relative to the servers' clocks.
 */
dur_ns combine_reference_error(const struct combination *c, const struct measure_job *jobs);

/* Whether any of those does. */
bool combine_is_synchronised(const struct combination *c, const struct measure_job *jobs);

/*
 * The leap second that more than half of the truechimers announce, of those that know: the
 * synchronised ones, or if there is none, all that say anything. CLOCK_LEAP_UNKNOWN if they do not
 * agree, or nobody knows.
 */
enum clock_leap combine_leap(const struct combination *c, const struct measure_job *jobs);

#endif
