/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/measure_all.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "measure/identity.h"
#include "os/stdio.h"
#include "os/threads.h"

/* A job, and how it is done. */
struct work {
	struct measure_job *job;
	const struct measure_options *options;
};

static void run(void *item)
{
	const struct work *w = item;

	struct measure_job *job = w->job;

	job->rc = measure(&job->measured, &job->target, w->options, job->kept, job->why);
}

static void fail(struct measure_job *job, const char *why)
{
	job->rc = -1;
	snprintf(job->why, sizeof(job->why), "%s: %s", job->target.host.name, why);
}

/* From here on the measurements were no longer made by the clock that was named. */
static void fail_all(struct measure_job *jobs, size_t n, int error)
{
	char why[TARGET_WHY_MAX / 2];

	snprintf(why, sizeof(why), "the local clock is lost: %s", clock_error_text(error));
	for (size_t i = 0; i < n; i++) {
		measurement_free(&jobs[i].measured);
		fail(&jobs[i], why);
	}
}

/* Measure the jobs that have an address, side by side. False when out of memory. */
static bool run_all(struct measure_job *jobs, size_t n, const struct measure_options *options)
{
	struct work *works = calloc(n, sizeof(*works));
	size_t used = 0;
	int rc;

	if (!works) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].rc == 0) {
			works[used++] = (struct work){ .job = &jobs[i], .options = options };
		}
	}
	rc = threads_run(works, used, sizeof(*works), run);
	if (rc != 0) {
		stdio_complain(program_invocation_short_name,
			       "too few threads can be had to measure %zu servers at the same "
			       "time, which may have taken longer: %s",
			       used, strerror(-rc));
	}
	free(works);
	return true;
}

/* Find the addresses of those jobs that have none yet, side by side. False when out of memory. */
static bool resolve_all(struct measure_job *jobs, size_t n, const struct target_options *how)
{
	struct target_lookup *lookups = calloc(n, sizeof(*lookups));
	size_t used = 0;

	if (!lookups) {
		return false;
	}
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].target.n == 0) {
			lookups[used++].target.host = jobs[i].target.host;
		}
	}
	if (used > 0) {
		target_resolve_all(lookups, used, how);
	}
	used = 0;
	for (size_t i = 0; i < n; i++) {
		if (jobs[i].target.n == 0) {
			const struct target_lookup *l = &lookups[used++];

			jobs[i].target = l->target;
			jobs[i].rc = l->rc;
			memcpy(jobs[i].why, l->why, sizeof(l->why));
		}
	}
	free(lookups);
	return true;
}

/* Those that were done early were measured of a clock that may have been stepped since. */
static void check_local(struct measure_job *jobs, size_t n, struct clock *clock)
{
	const struct reading now = clock_read(clock);

	for (size_t i = 0; i < n; i++) {
		struct measure_job *job = &jobs[i];
		const dur_ns step = job->rc == 0 ? continuity_step(&job->measured.read, &now) : 0;

		if (step != 0) {
			job->rc = measure_was_stepped(&job->target, step, job->why);
			measurement_free(&job->measured);
		}
	}
}

bool measure_jobs(struct measure_job *jobs, size_t n, const struct target_options *how,
		  const struct measure_options *options)
{
	struct target_options where = *how;
	struct measure_options told = *options;
	struct progress progress;
	bool ok;
	int lost;

	where.clock = options->clock;
	if (!resolve_all(jobs, n, &where)) {
		return false;
	}
	progress_begin(&progress, jobs[0].target.host.name, n, clock_mono(options->clock));
	progress.wanted = progress.wanted && !options->quiet;
	told.progress = &progress;
	ok = run_all(jobs, n, &told);
	progress_end(&progress);
	lost = clock_check(options->clock);
	if (lost != 0) {
		fail_all(jobs, n, lost);
	}
	if (ok) {
		check_local(jobs, n, options->clock);
		identity_mark(jobs, n, options);
	}
	return ok;
}

struct measure_job *measure_all(const struct parse_host *hosts, size_t n,
				const struct target_options *how,
				const struct measure_options *options)
{
	struct measure_job *jobs = calloc(n, sizeof(*jobs));

	if (!jobs) {
		return NULL;
	}
	for (size_t i = 0; i < n; i++) {
		jobs[i].target.host = hosts[i];
	}
	if (!measure_jobs(jobs, n, how, options)) {
		measure_all_free(jobs, n);
		return NULL;
	}
	return jobs;
}

void measure_all_free(struct measure_job *jobs, size_t n)
{
	for (size_t i = 0; jobs && i < n; i++) {
		measurement_free(&jobs[i].measured);
	}
	free(jobs);
}
