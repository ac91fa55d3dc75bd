/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/combine.h"

#include <errno.h>
#include <string.h>

#include "core/arith.h"

/* Whether the job has a vote, if it was measured: no other is about the same server, nor oneself.
 */
static bool has_vote(const struct measure_job *job)
{
	return !job->is_self && !job->same_as;
}

/* The instant that all estimates are brought to: that of the last. */
static ts_ns latest(const struct measure_job *jobs, size_t n)
{
	ts_ns at = 0;

	for (size_t i = 0; i < n; i++) {
		if (jobs[i].rc == 0 && jobs[i].measured.estimate.at > at) {
			at = jobs[i].measured.estimate.at;
		}
	}
	return at;
}

static struct estimate aged(const struct measure_job *job, ts_ns at)
{
	struct estimate e = job->measured.estimate;

	estimate_age(&e, at);
	return e;
}

/*
 * Whether a server tells of UTC to any use. One that admits more than a second does not (MAXDIST in
 * RFC 5905, section 7.2): so wide an interval would agree with any liar.
 */
static bool tells_utc(const struct measurement *m)
{
	return m->quality_known && m->quality.synchronised && m->quality.max_error <= NS_PER_SEC;
}

/*
 * The claim of the job: nothing if it was not measured. `of_utc`: the interval is that of UTC, as
 * wide as the server admits, and a server that does not tell of it claims nothing; otherwise it is
 * that of the server's own clock.
 */
static struct select_candidate candidate_of(const struct measure_job *job, ts_ns at, bool of_utc)
{
	const struct measurement *m = &job->measured;
	struct select_candidate c = { .max_error = -1 };

	if (job->rc == 0 && (!of_utc || tells_utc(m))) {
		const struct estimate e = aged(job, at);

		c.offset = e.offset;
		c.max_error = of_utc ? arith_add(e.max_error, m->quality.max_error) : e.max_error;
	}
	return c;
}

/* The best of the truechimers' estimates, for all that is not combined. */
static struct estimate best_of(const struct combination *c, const struct measure_job *jobs,
			       ts_ns at)
{
	struct estimate best = { .max_error = INT64_MAX };
	bool any = false;

	for (size_t i = 0; i < c->named; i++) {
		if (c->select.verdict[i] == SELECT_TRUECHIMER) {
			const struct estimate e = aged(&jobs[i], at);

			if (!any || e.max_error < best.max_error) {
				best = e;
			}
			any = true;
		}
	}
	return best;
}

/* Put the verdicts on those that count, which come first, where their jobs are. */
static void spread_verdicts(struct select_result *r, const struct measure_job *jobs, size_t n)
{
	enum select_verdict verdicts[SELECT_MAX];
	size_t next = 0;

	memcpy(verdicts, r->verdict, sizeof(verdicts));
	for (size_t i = 0; i < n; i++) {
		r->verdict[i] = has_vote(&jobs[i]) ? verdicts[next++] : SELECT_UNUSABLE;
	}
}

/* Select among those that have a vote. */
static int choose(struct select_result *out, const struct measure_job *jobs, size_t n, bool of_utc)
{
	const ts_ns at = latest(jobs, n);
	struct select_candidate candidates[SELECT_MAX];
	size_t votes = 0;
	int rc;

	memset(candidates, 0, sizeof(candidates));
	for (size_t i = 0; i < n; i++) {
		if (has_vote(&jobs[i])) {
			candidates[votes++] = candidate_of(&jobs[i], at, of_utc);
		}
	}
	rc = select_combine(out, candidates, votes);
	spread_verdicts(out, jobs, n);
	return rc;
}

/*
 * Clocks that are all as close to UTC as their servers say may still differ by more than the rounds
 * allow: then it is the claims of a majority that must have a point in common.
 */
static void choose_by_claims(struct combination *out, const struct measure_job *jobs)
{
	struct select_result wider;

	if (choose(&wider, jobs, out->named, true) == 0) {
		out->select = wider;
		out->rc = 0;
		out->by_claims = true;
	}
}

void combine(struct combination *out, const struct measure_job *jobs, size_t n)
{
	memset(out, 0, sizeof(*out));
	out->named = n;
	for (size_t i = 0; i < n; i++) {
		out->self += jobs[i].is_self;
		out->servers += has_vote(&jobs[i]);
		out->answered += has_vote(&jobs[i]) && jobs[i].rc == 0;
	}
	out->rc = choose(&out->select, jobs, n, false);
	if (out->rc == -EDOM) {
		choose_by_claims(out, jobs);
	}
	if (out->rc == 0) { /* which, of one server alone, changes nothing */
		out->estimate = best_of(out, jobs, latest(jobs, n));
		out->estimate.offset = out->select.offset;
		out->estimate.max_error = out->select.max_error;
	}
}

const char *combine_why(const struct combination *c)
{
	if (c->servers == 0) {
		return "only this machine's own daemon was named, and it has no vote";
	}
	if (c->answered == 0) {
		return "no server answered";
	}
	return c->select.agreeing == c->answered ? "too few servers answered for a majority"
						 : "the servers contradict each other";
}

bool combine_is_disputed(const struct combination *c)
{
	for (size_t i = 0; i < c->named; i++) {
		if (c->select.verdict[i] == SELECT_AHEAD || c->select.verdict[i] == SELECT_BEHIND) {
			return true;
		}
	}
	return false;
}

/* How far from the time of that server the estimate can lead, besides by its own error. */
static dur_ns distance(const struct estimate *from, const struct estimate *server)
{
	const dur_ns wider = server->max_error - from->max_error;

	return arith_add(arith_distance(server->offset, from->offset), arith_max(wider, 0));
}

dur_ns combine_reference_error(const struct combination *c, const struct measure_job *jobs)
{
	dur_ns worst = -1;

	for (size_t i = 0; i < c->named; i++) {
		const struct measurement *m = &jobs[i].measured;

		if (c->select.verdict[i] == SELECT_TRUECHIMER && m->quality_known &&
		    m->quality.synchronised) {
			const struct estimate e = aged(&jobs[i], c->estimate.at);
			const dur_ns error =
				arith_add(m->quality.max_error, distance(&c->estimate, &e));

			worst = error > worst ? error : worst;
		}
	}
	return worst < 0 ? INT64_MAX : worst;
}

bool combine_is_synchronised(const struct combination *c, const struct measure_job *jobs)
{
	return combine_reference_error(c, jobs) != INT64_MAX;
}

/* Whether the job says whether there is a leap second. */
static bool knows_leap(const struct combination *c, const struct measure_job *jobs, size_t i,
		       bool synchronised)
{
	const struct measurement *m = &jobs[i].measured;

	return c->select.verdict[i] == SELECT_TRUECHIMER && m->quality_known &&
	       m->quality.leap != CLOCK_LEAP_UNKNOWN && (m->quality.synchronised || !synchronised);
}

enum clock_leap combine_leap(const struct combination *c, const struct measure_job *jobs)
{
	size_t votes[CLOCK_LEAP_UNKNOWN] = { 0 };
	size_t all = 0;

	for (int round = 0; round < 2 && all == 0; round++) {
		for (size_t i = 0; i < c->named; i++) {
			if (knows_leap(c, jobs, i, round == 0)) {
				votes[jobs[i].measured.quality.leap]++;
				all++;
			}
		}
	}
	for (int leap = 0; leap < CLOCK_LEAP_UNKNOWN; leap++) {
		if (votes[leap] > all / 2) {
			return (enum clock_leap)leap;
		}
	}
	return CLOCK_LEAP_UNKNOWN;
}
