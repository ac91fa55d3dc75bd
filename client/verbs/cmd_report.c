/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client/draw/plot.h"
#include "client/log_report/log_report.h"
#include "client/verbs.h"
#include "os/files.h"
#include "os/options.h"
#include "os/stdio.h"

struct report_request {
	const char *name; /* of the log, for people */
	const char *plot; /* null: no picture */
	bool all, json;
};

#define AT(member) .place = offsetof(struct report_request, member)

static const struct option_row rows[] = {
	{ "all", 'a', NULL, "draw the polls before convergence too", 1, OPTION_FLAG, AT(all) },
	{ "plot", '\0', "FILE", "draw a picture, FILE.svg or FILE.png, by gnuplot", 1, OPTION_OTHER,
	  AT(plot), .read = plot_read_option },
	{ "json", '\0', NULL, "print a JSON object", 1, OPTION_FLAG, AT(json) },
};

/* The error instead of a report. */
static int fail(const struct report_request *r, int error, const char *reason)
{
	return verbs_refuse("timesync report", r->json, verbs_status(error), "%s: %s", r->name,
			    reason);
}

static void say_damages(const struct report_request *r, const struct track_log *log)
{
	for (size_t i = 0; i < log->damaged && i < TRACK_LOG_DAMAGES; i++) {
		stdio_complain("timesync report", "%s: line %zu %s", r->name, log->damages[i].line,
			       log->damages[i].why);
	}
	if (log->damaged > TRACK_LOG_DAMAGES) {
		stdio_complain("timesync report", "%s: %zu more lines are damaged", r->name,
			       log->damaged - TRACK_LOG_DAMAGES);
	}
}

/* The picture, where there is to be one. */
static int draw(const struct report_request *r, const struct log_report *report)
{
	char why[PLOT_WHY_MAX] = "out of memory";
	int rc = 0;

	if (r->plot) {
		rc = log_report_plot(report, r->plot, why);
	} else if (!r->json) {
		rc = log_report_draw(report);
	}
	if (rc != 0) {
		stdio_complain("timesync report", "%s: %s", r->plot ? r->plot : "picture", why);
		return verbs_status(rc);
	}
	return STATUS_DONE;
}

static int report(const struct report_request *r, const struct track_log *log)
{
	int64_t *scratch = calloc(log->n, sizeof(*scratch));
	struct summary summary;
	const struct log_report out = {
		.name = r->name, .log = log, .summary = &summary, .all = r->all
	};

	if (!scratch) {
		return fail(r, -ENOMEM, strerror(ENOMEM));
	}
	summary_make(&summary, log->polls, log->n, scratch);
	free(scratch);
	(r->json ? log_report_json : log_report_print)(&out);
	fflush(stdout);
	return draw(r, &out);
}

static int read_and_report(const struct report_request *r, FILE *in)
{
	struct track_log log;
	const int rc = track_log_read(&log, in);
	int status;

	say_damages(r, &log);
	if (rc != 0) {
		status = fail(r, rc, strerror(-rc));
	} else if (log.lines == 0) {
		status = fail(r, 0, "it is empty: timesync track --log has logged nothing yet");
	} else if (log.n == 0) {
		status = fail(r, 0, "none of its lines is one that timesync track --log writes");
	} else {
		status = report(r, &log);
	}
	track_log_free(&log);
	return status;
}

static int run(struct report_request *r, const char *path)
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

int cmd_report(int argc, char **argv)
{
	struct report_request r = { .name = NULL };
	const struct options options = {
		.program = "timesync report",
		.operands = "LOG",
		.about = "Sum up a log that timesync track --log has written, and draw the offset "
			 "over time.\n"
			 "LOG may be -, the standard input.",
		.scope = 1,
		.parts = { OPTION_PART(rows, &r) },
	};
	char **operands;
	const int status = verbs_parse(&options, argc, argv, &operands);

	return status == STATUS_GO_ON ? run(&r, operands[0]) : status;
}
