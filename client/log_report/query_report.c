/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/query_report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/draw/scatter.h"
#include "client/log_report/log_axis.h"
#include "client/log_report/log_report.h"
#include "measure/fields.h"
#include "client/print/series_report.h"
#include "print/terminal.h"
#include "print/words.h"

/* Fewer points than this make no picture that tells anything. */
#define DRAWN_FROM 3

static struct log_truth_sum sum_truth(const struct query_report *r)
{
	struct log_truth_sum sum = { .n = 0 };

	for (size_t i = 0; r->truth && i < r->log->n_points; i++) {
		const struct query_log_point *p = &r->log->points[i];
		dur_ns truth;

		if (p->measured && log_truth_at(r->truth, p->at, p->system_at, &truth)) {
			log_truth_add(&sum, truth, p->offset, p->max_error);
		}
	}
	return sum;
}

static size_t measured_in_all(const struct query_log *log)
{
	size_t n = 0;

	for (size_t i = 0; i < log->n_points; i++) {
		n += log->points[i].measured;
	}
	return n;
}

void query_report_print(const struct query_report *r)
{
	struct series *s = &r->log->series;
	char span[LOG_AXIS_SPAN_MAX], path[WORDS_PATH_MAX];
	const struct log_truth_sum truth = sum_truth(r);

	printf("log      %s:\n         %zu measurement%s by timesync query",
	       words_path(r->name, path), r->log->n_points, r->log->n_points == 1 ? "" : "s");
	if (r->log->damaged > 0) {
		printf("; %zu damaged line%s left out", r->log->damaged,
		       r->log->damaged == 1 ? "" : "s");
	}
	printf("\ntime     %s\n\n", log_axis_span(s->begin, s->end, false, span));
	series_print(stdout, s);
	if (r->truth) {
		putchar('\n');
		log_truth_print(&truth, measured_in_all(r->log), 9);
	}
}

void query_report_json(const struct query_report *r)
{
	const struct log_truth_sum truth = sum_truth(r);
	json_t *object = json_pack("{s:o s:I}", "log", fields_text(r->name), "damaged",
				   (json_int_t)r->log->damaged);

	json_object_set_new(object, "damaged_lines",
			    log_report_damages(r->log->damages, r->log->damaged));
	json_object_set_new(object, "begin_ns", json_integer((json_int_t)r->log->series.begin));
	json_object_set_new(object, "end_ns", json_integer((json_int_t)r->log->series.end));
	json_object_set_new(object, "series", series_json(&r->log->series));
	json_object_set_new(object, "truth", log_truth_json(&truth));
	fields_print(object);
}

/* --- in characters --- */

static size_t take_points(const struct query_log *log, struct scatter_point *points)
{
	const ts_ns first = log->series.begin / NS_PER_SEC * NS_PER_SEC;
	size_t n = 0;

	for (size_t i = 0; i < log->n_points; i++) {
		const struct query_log_point *p = &log->points[i];

		if (p->measured) {
			points[n++] =
				(struct scatter_point){ p->at - first, p->offset, p->server > 0 };
		}
	}
	return n;
}

static void print_picture(const struct query_log *log, const struct scatter_point *points, size_t n)
{
	const struct terminal_size size = terminal_size(stdout);
	const unsigned rows = size.rows > 2 ? size.rows - 2 : 0;
	char title[SCATTER_MIN_COLUMNS + 1], date[WORDS_MAX];
	const struct scatter_x time = { .title = title, .is_time = true };
	struct scatter s;

	snprintf(title, sizeof(title), "time since %.28s", words_date(log->series.begin, date));
	scatter_draw(&s, points, n, &time, size.columns, rows);
	if (log->series.n > 1) {
		printf("\n%c %.30s, %c any other server, %c both\n", SCATTER_ONE,
		       log->series.servers[0].host, SCATTER_OTHER, SCATTER_BOTH);
	} else {
		printf("\n%c measured\n", SCATTER_ONE);
	}
	for (unsigned i = 0; i < s.rows; i++) {
		puts(s.line[i]);
	}
}

int query_report_draw(const struct query_report *r)
{
	struct scatter_point *points = calloc(r->log->n_points, sizeof(*points));
	size_t n;

	if (!points) {
		return -ENOMEM;
	}
	n = take_points(r->log, points);
	if (n >= DRAWN_FROM) {
		print_picture(r->log, points, n);
	}
	free(points);
	return 0;
}
