/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "client/compare/compare.h"
#include "client/draw/plot.h"
#include "measure/truth.h"
#include "client/verbs.h"
#include "os/stdio.h"

static const char about[] =
	"Apply each method to the same rounds with a server, and show the results and what sync\n"
	"would do. Sets nothing. With 20 rounds or more it draws offset against delay.";

/* Fewer rounds than this make no picture that tells anything. */
#define DRAWN_FROM 20

/* The picture, where there is to be one. The exit status. */
static int draw(const struct request *request, const struct plot_options *plot,
		const struct measure_job *job, const struct comparison *c)
{
	char why[PLOT_WHY_MAX] = "picture: out of memory";
	int rc = 0;

	if (plot_is_wanted(plot)) {
		rc = compare_plot(plot, job, c, why);
	} else if (request->format == FORMAT_PEOPLE && request->measure.rounds >= DRAWN_FROM) {
		rc = compare_draw(&job->measured, c);
	}
	if (rc != 0) {
		stdio_complain(request->program, "%s", why);
		return verbs_status(rc);
	}
	return STATUS_DONE;
}

static int report(const struct request *request, const struct plot_options *plot,
		  const struct measure_job *job, const struct truth *truth)
{
	struct comparison c;
	dur_ns offset;

	if (job->rc != 0) {
		stdio_complain(request->program, "%s", job->why);
		if (request->format == FORMAT_JSON) {
			compare_print_json(job, NULL);
		}
		return STATUS_NO_ANSWER;
	}
	compare(&c, &job->measured, request);
	if (truth && truth_at(truth, job->measured.estimate.at, &offset)) {
		compare_with_truth(&c, offset);
	}
	if (request->format == FORMAT_JSON) {
		compare_print_json(job, &c);
	} else {
		compare_print(request, job, &c);
	}
	fflush(stdout);
	return draw(request, plot, job, &c);
}

static int measure_and_report(struct request *request, const struct plot_options *plot,
			      const struct truth *truth)
{
	struct measure_job *job;
	int status;

	/* The samples serve any method. This one needs least, so that a result of one is one. */
	request->measure.method = ESTIMATE_NTP;
	request->measure.in_turn = true;
	job = measure_all(request->hosts, 1, &request->target, &request->measure);
	if (!job) {
		stdio_complain(request->program, "out of memory");
		return STATUS_NO_ANSWER;
	}
	status = report(request, plot, job, truth);
	measure_all_free(job, 1);
	return status;
}

static int compare_with(struct request *request, const struct plot_options *plot)
{
	struct truth truth;
	const char *why;
	int status, rc;

	if (!request->truth) {
		return measure_and_report(request, plot, NULL);
	}
	rc = truth_open(&truth, request->truth, request->measure.clock, &why);
	if (rc != 0) {
		return request_refuse_file(request, request->truth, rc, why);
	}
	status = measure_and_report(request, plot, &truth);
	truth_close(&truth);
	return status;
}

int cmd_compare(int argc, char **argv)
{
	struct plot_options plot = { .file = NULL };
	const struct option_part own = { plot_rows, PLOT_ROWS, &plot };
	struct request r;
	int status =
		request_parse_with(&r, SCOPE_COMPARE, "timesync compare", about, argc, argv, &own);

	if (status == STATUS_GO_ON) {
		status = request_open_clock(&r, false);
	}
	if (status == STATUS_GO_ON) {
		status = compare_with(&r, &plot);
	}
	request_close(&r);
	return status;
}
