/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>

#include "client/print/report.h"
#include "client/request.h"
#include "client/verbs.h"
#include "os/stdio.h"

static const char about[] =
	"Measure the local clock against each server, and print its offset. Sets nothing.";

/* Report on one server. */
static void print(const struct request *request, const struct measure_job *job)
{
	if (job->rc != 0) {
		fflush(stdout); /* so that the two come in order where they are shown together */
		stdio_complain(request->program, "%s", job->why);
	}
	if (request->format == FORMAT_JSON) {
		report_json_server(request, job, NULL);
	} else if (job->rc == 0 && request->format == FORMAT_CLASSIC) {
		report_classic(&job->measured);
	} else if (job->rc == 0) {
		report_server(request, job);
	}
}

/* Report their combined result. Returns the exit status. */
static int conclude(const struct request *request, const struct measure_job *jobs)
{
	struct combination c;
	char why[REPORT_REFUSAL_MAX];

	combine(&c, jobs, request->n_hosts);
	if (request->n_hosts > 1 && request->format == FORMAT_JSON) {
		report_json_together(request, &c, jobs, NULL);
	} else if (request->n_hosts > 1 && request->format == FORMAT_PEOPLE) {
		putchar('\n');
		report_together(&c, jobs);
	}
	if (c.rc == -EDOM || (c.servers == 0 && request->n_hosts > 1)) {
		fflush(stdout);
		stdio_complain(request->program, "%s", report_discord(&c, why));
		return STATUS_REFUSED;
	}
	return c.answered == c.servers ? STATUS_DONE : STATUS_NO_ANSWER;
}

static int query(struct request *request)
{
	const size_t n = request->n_hosts;
	struct measure_job *jobs =
		measure_all(request->hosts, n, &request->target, &request->measure);
	int status;

	if (!jobs) {
		stdio_complain(request->program, "out of memory");
		return STATUS_NO_ANSWER;
	}
	for (size_t i = 0; i < n; i++) {
		if (i > 0 && request->format == FORMAT_PEOPLE) {
			putchar('\n');
		}
		print(request, &jobs[i]);
	}
	status = conclude(request, jobs);
	measure_all_free(jobs, n);
	return status;
}

int cmd_query(int argc, char **argv)
{
	return request_run(SCOPE_QUERY, "timesync query", about, query, argc, argv);
}
