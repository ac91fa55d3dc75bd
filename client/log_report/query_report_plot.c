/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/log_report/log_axis.h"
#include "client/log_report/query_report.h"
#include "core/arith.h"

/* More measurements, and more rounds, cannot be told apart: evenly spaced ones are drawn then. */
#define MOST_POINTS 3000
#define MOST_ROUNDS 6000

/* More servers have no colours of their own, and no room in the legend. */
#define MOST_SERVERS 8

struct picture {
	const struct query_report *report;
	size_t servers; /* that are drawn */
	struct scale offsets, delays;
	ts_ns begin, end; /* of all that is drawn */
	bool truth;       /* it is known somewhere */
};

static bool true_offset(const struct picture *p, const struct query_log_point *point,
			dur_ns *offset)
{
	return p->report->truth &&
	       log_truth_at(p->report->truth, point->at, point->system_at, offset);
}

/* The values of an axis, by their size. False when out of memory. */
static bool make_scales(struct picture *p)
{
	const struct query_log *log = p->report->log;
	const size_t room = 3 * log->n_points + log->n_rounds;
	int64_t *values = calloc(room + 1, sizeof(*values));
	dur_ns truth;
	size_t n = 0;

	if (!values) {
		return false;
	}
	for (size_t i = 0; i < log->n_points; i++) {
		const struct query_log_point *point = &log->points[i];

		if (point->measured) {
			values[n++] = arith_add(point->offset, -point->max_error);
			values[n++] = arith_add(point->offset, point->max_error);
			if (true_offset(p, point, &truth)) {
				p->truth = true;
				values[n++] = truth;
			}
		}
	}
	scale_make(&p->offsets, values, n, true);
	n = 0;
	values[n++] = 0;
	for (size_t i = 0; i < log->n_rounds; i++) {
		values[n++] = log->rounds[i].delay;
	}
	scale_make(&p->delays, values, n, true);
	free(values);
	return true;
}

/* The rounds of a measurement come before it. */
static void find_ends(struct picture *p)
{
	const struct query_log *log = p->report->log;

	p->begin = log->series.begin;
	p->end = log->series.end;
	for (size_t i = 0; i < log->n_rounds; i++) {
		p->begin = arith_min(p->begin, log->rounds[i].at);
		p->end = arith_max(p->end, log->rounds[i].at);
	}
}

/* --- gnuplot --- */

static size_t every(size_t n, size_t most)
{
	return n <= most ? 1 : (n + most - 1) / most;
}

/* Time, edges of the band, offset, true offset; of one server. */
static void write_points(FILE *out, const struct picture *p, size_t server)
{
	const struct query_log *log = p->report->log;
	const size_t step = every(log->n_points, MOST_POINTS);
	size_t seen = 0;

	fprintf(out, "$offsets%zu << END\n", server);
	for (size_t i = 0; i < log->n_points; i++) {
		const struct query_log_point *point = &log->points[i];
		dur_ns truth = 0;

		if (point->server != server || !point->measured || seen++ % step != 0) {
			continue;
		}
		log_axis_time(out, point->at);
		log_axis_place(out, true, &p->offsets, arith_add(point->offset, -point->max_error));
		log_axis_place(out, true, &p->offsets, arith_add(point->offset, point->max_error));
		log_axis_place(out, true, &p->offsets, point->offset);
		log_axis_place(out, true_offset(p, point, &truth), &p->offsets, truth);
		fputc('\n', out);
	}
	fputs("END\n", out);
}

/* Time and delay of one server's rounds. */
static void write_rounds(FILE *out, const struct picture *p, size_t server)
{
	const struct query_log *log = p->report->log;
	const size_t step = every(log->n_rounds, MOST_ROUNDS);
	size_t seen = 0;

	fprintf(out, "$rounds%zu << END\n", server);
	for (size_t i = 0; i < log->n_rounds; i++) {
		if (log->rounds[i].server == server && seen++ % step == 0) {
			log_axis_time(out, log->rounds[i].at);
			log_axis_place(out, true, &p->delays, log->rounds[i].delay);
			fputc('\n', out);
		}
	}
	fputs("END\n", out);
}

static bool is_measured(const struct picture *p, size_t server)
{
	return p->report->log->series.servers[server].measured > 0;
}

static bool is_any_measured(const struct picture *p)
{
	for (size_t i = 0; i < p->servers; i++) {
		if (is_measured(p, i)) {
			return true;
		}
	}
	return false;
}

static void write_offsets(FILE *out, const struct picture *p)
{
	const char *between = "plot ";

	log_axis_values(out, &p->offsets, "slow +, fast -");
	for (size_t i = 0; i < p->servers; i++) {
		if (is_measured(p, i)) {
			fprintf(out,
				"%s$offsets%zu using 1:2:3 with filledcurves lc rgb '%s' title "
				"'bound', "
				"$offsets%zu using 1:4 with points pt 7 ps 0.5 lc rgb '%s' title "
				"'offset'",
				between, i, plot_colour(i), i, plot_colour(i));
			between = ", ";
		}
	}
	if (p->truth) {
		fputs(", $offsets0 using 1:5 with lines lw 1.6 lc rgb '" PLOT_INK
		      "' title 'true offset'",
		      out);
	}
	fputs("\nunset label\nunset arrow\nunset object\n", out);
}

static void write_delays(FILE *out, const struct picture *p)
{
	const char *between = "plot ";

	log_axis_values(out, &p->delays, "round trip");
	for (size_t i = 0; i < p->servers; i++) {
		if (is_measured(p, i)) {
			fprintf(out,
				"%s$rounds%zu using 1:2 with points pt 6 ps 0.45 lc rgb '%s' title "
				"'round trip'",
				between, i, plot_colour(i));
			between = ", ";
		}
	}
	fputs("\nunset label\nunset arrow\nunset object\n", out);
}

/* The legend of both panels; it stands above the upper one. */
struct legend {
	struct plot_key keys[MOST_SERVERS + 3];
	char names[MOST_SERVERS][PARSE_HOST_MAX + 8];
	size_t n;
};

static void make_legend(struct legend *l, const struct picture *p)
{
	l->n = 0;
	for (size_t i = 0; i < p->servers; i++) {
		const struct series_server *s = &p->report->log->series.servers[i];

		if (is_measured(p, i)) {
			snprintf(l->names[i], sizeof(l->names[i]), "%s:%u", s->host, s->port);
			l->keys[l->n++] =
				(struct plot_key){ PLOT_POINT, 7, plot_colour(i), l->names[i] };
		}
	}
	l->keys[l->n++] = (struct plot_key){ PLOT_BAND, 0, plot_colour(0), "bound" };
	if (p->truth) {
		l->keys[l->n++] = (struct plot_key){ PLOT_LINE, 0, PLOT_INK, "true offset" };
	}
}

static void write_title(FILE *out, const struct picture *p, bool narrow)
{
	const struct query_log *log = p->report->log;
	char below[2 * LOG_AXIS_SPAN_MAX], span[LOG_AXIS_SPAN_MAX];

	log_axis_span(log->series.begin, log->series.end, narrow, span);
	snprintf(below, sizeof(below), "%s; %zu measurements, %zu rounds", span, log->n_points,
		 log->n_rounds);
	plot_title(out,
		   narrow ? "Offset, and round trips"
			  : "Offset of the local clock, and round trips",
		   narrow ? span : below);
}

static void write_script(FILE *out, const struct plot_size *size, const void *context)
{
	static const unsigned weights[] = { 3, 2 };
	const struct picture *p = context;
	struct plot_panels panels = { .weights = weights, .n = 2 };
	struct legend legend;

	make_legend(&legend, p);
	panels.key_lines = plot_key_lines(size, legend.keys, legend.n);
	for (size_t i = 0; i < p->servers; i++) {
		write_points(out, p, i);
		write_rounds(out, p, i);
	}
	fputs("set multiplot\n", out);
	write_title(out, p, plot_is_narrow(size));
	for (unsigned i = 0; i < panels.n; i++) {
		plot_panel(out, size, &panels, i, legend.keys, i == 0 ? legend.n : 0);
		log_axis_times(out, size, p->begin, p->end, i + 1 == panels.n);
		(i == 0 ? write_offsets : write_delays)(out, p);
	}
	fputs("unset multiplot\n", out);
}

int query_report_plot(const struct query_report *r, const struct plot_options *o,
		      char why[PLOT_WHY_MAX])
{
	const size_t servers = r->log->series.n;
	struct picture p = { .report = r,
			     .servers = servers < MOST_SERVERS ? servers : MOST_SERVERS };

	if (!is_any_measured(&p)) {
		snprintf(why, PLOT_WHY_MAX, "%s: there is nothing to draw: nothing was measured",
			 o->file ? o->file : o->pdf);
		return -ENODATA;
	}
	if (!make_scales(&p)) {
		snprintf(why, PLOT_WHY_MAX, "out of memory");
		return -ENOMEM;
	}
	find_ends(&p);
	return plot_write(o, write_script, &p, why);
}
