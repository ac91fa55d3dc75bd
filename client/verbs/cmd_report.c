/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/draw/plot.h"
#include "client/log_report/log_report.h"
#include "client/log_report/query_report.h"
#include "client/verbs.h"
#include "os/files.h"
#include "os/options.h"
#include "os/stdio.h"

struct report_request {
	const char *name;       /* of the log, for people */
	const char *truth_name; /* null: nobody has named it */
	struct log_truth truth;
	struct plot_options plot;
	bool all, json;
};

#define AT(member) .place = offsetof(struct report_request, member)

static const struct option_row rows[] = {
	{ "all", 'a', NULL, "draw the polls before convergence too", 1, OPTION_FLAG, AT(all) },
	{ "truth", '\0', "FILE",
	  "the clock file that the server served, or 'system': this machine's", 1, OPTION_TEXT,
	  AT(truth_name) },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

/* The error instead of a report. */
static int fail(const struct report_request *r, int error, const char *reason)
{
	return verbs_refuse("timesync report", r->json, verbs_status(error), "%s: %s", r->name,
			    reason);
}

static void say_damages(const struct report_request *r, const struct track_log_damage *damages,
			size_t n)
{
	for (size_t i = 0; i < n && i < TRACK_LOG_DAMAGES; i++) {
		stdio_complain("timesync report", "%s: line %zu %s", r->name, damages[i].line,
			       damages[i].why);
	}
	if (n > TRACK_LOG_DAMAGES) {
		stdio_complain("timesync report", "%s: %zu more lines are damaged", r->name,
			       n - TRACK_LOG_DAMAGES);
	}
}

static const struct log_truth *truth_of(const struct report_request *r)
{
	return r->truth_name ? &r->truth : NULL;
}

static int complain(int error, const char *why)
{
	stdio_complain("timesync report", "%s", why);
	return verbs_status(error);
}

/* --- logs of track --- */

/* The picture, where there is to be one. */
static int draw(const struct report_request *r, const struct log_report *report)
{
	char why[PLOT_WHY_MAX] = "picture: out of memory";
	int rc = 0;

	if (plot_is_wanted(&r->plot)) {
		rc = log_report_plot(report, &r->plot, why);
	} else if (!r->json) {
		rc = log_report_draw(report);
	}
	return rc == 0 ? STATUS_DONE : complain(rc, why);
}

static int report(const struct report_request *r, const struct track_log *log)
{
	int64_t *scratch = calloc(log->n, sizeof(*scratch));
	struct summary summary;
	const struct log_report out = { .name = r->name,
					.log = log,
					.summary = &summary,
					.all = r->all,
					.truth = truth_of(r) };

	if (!scratch) {
		return fail(r, -ENOMEM, strerror(ENOMEM));
	}
	summary_make(&summary, log->polls, log->n, scratch);
	free(scratch);
	(r->json ? log_report_json : log_report_print)(&out);
	fflush(stdout);
	return draw(r, &out);
}

static int report_track(const struct report_request *r, struct lines *in)
{
	struct track_log log;
	const int rc = track_log_read(&log, in);
	int status;

	say_damages(r, log.damages, log.damaged);
	if (rc != 0) {
		status = fail(r, rc, strerror(-rc));
	} else if (log.lines == 0) {
		status = fail(r, 0, "it is empty: nothing was logged yet");
	} else if (log.n == 0) {
		status = fail(r, 0,
			      "none of its lines is one that track --log or query --log writes");
	} else {
		status = report(r, &log);
	}
	track_log_free(&log);
	return status;
}

/* --- logs of query --- */

static int draw_query(const struct report_request *r, const struct query_report *report)
{
	char why[PLOT_WHY_MAX] = "picture: out of memory";
	int rc = 0;

	if (plot_is_wanted(&r->plot)) {
		rc = query_report_plot(report, &r->plot, why);
	} else if (!r->json) {
		rc = query_report_draw(report);
	}
	return rc == 0 ? STATUS_DONE : complain(rc, why);
}

static int report_query(const struct report_request *r, struct lines *in)
{
	struct query_log log;
	const struct query_report out = { .name = r->name, .log = &log, .truth = truth_of(r) };
	const int rc = query_log_read(&log, in);
	int status;

	say_damages(r, log.damages, log.damaged);
	if (rc != 0) {
		status = fail(r, rc, strerror(-rc));
	} else if (log.n_points == 0) {
		status = fail(r, 0, "there is no measurement in it");
	} else {
		(r->json ? query_report_json : query_report_print)(&out);
		fflush(stdout);
		status = draw_query(r, &out);
	}
	query_log_free(&log);
	return status;
}

/* --- any --- */

static int read_and_report(const struct report_request *r, FILE *in)
{
	struct lines lines = { .in = in };
	const int status = (query_log_begins(&lines) ? report_query : report_track)(r, &lines);

	lines_free(&lines);
	return status;
}

static int open_and_report(struct report_request *r, const char *path)
{
	FILE *in;
	int status, fd;

	if (strcmp(path, "-") == 0) {
		r->name = "standard input";
		return read_and_report(r, stdin);
	}
	r->name = path;
	fd = file_open_regular(path, O_RDONLY, 0);
	if (fd == -EMEDIUMTYPE) {
		return fail(r, fd, "it is not a regular file; read a pipe as '-'");
	}
	in = fd < 0 ? NULL : fdopen(fd, "r");
	if (!in) {
		return fail(r, fd, strerror(fd < 0 ? -fd : errno));
	}
	status = read_and_report(r, in);
	(void)fclose(in);
	return status;
}

static int run(struct report_request *r, const char *path)
{
	const char *why;
	int status, rc = r->truth_name ? log_truth_open(&r->truth, r->truth_name, &why) : 0;

	if (rc != 0) {
		r->name = r->truth_name;
		return fail(r, rc, why);
	}
	status = open_and_report(r, path);
	log_truth_close(&r->truth);
	return status;
}

int cmd_report(int argc, char **argv)
{
	struct report_request r = { .name = NULL };
	const struct options options = {
		.program = "timesync report",
		.operands = "LOG",
		.about = "Sum up a log that 'timesync track --log' or 'timesync query --log' has "
			 "written,\n"
			 "and draw the offset over time. LOG may be -, the standard input.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r), { plot_rows, PLOT_ROWS, &r.plot } },
	};
	char **operands;
	const int status = verbs_parse(&options, argc, argv, &operands);

	return status == STATUS_GO_ON ? run(&r, operands[0]) : status;
}
