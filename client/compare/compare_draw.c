/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/draw/axis.h"
#include "client/compare/compare.h"
#include "client/draw/scatter.h"
#include "print/terminal.h"
#include "print/words.h"

/* The zero of the picture's offsets: the truth if it is known, else a good guess. */
struct zero {
	dur_ns offset;
	const char *name;
};

static struct zero zero_of(const struct comparison *c)
{
	if (c->truth_known) {
		return (struct zero){ c->truth, "the truth" };
	}
	return (struct zero){ c->by[ESTIMATE_NTP].estimate.offset, "the result of ntp" };
}

/* --- in characters --- */

static void print_picture(const struct scatter_point *points, size_t n)
{
	static const struct scatter_x delay = { .title = "round-trip delay" };
	const struct terminal_size size = terminal_size(stdout);
	/* Room for the line above and for the shell's prompt. */
	const unsigned rows = size.rows > 2 ? size.rows - 2 : 0;
	struct scatter s;

	scatter_draw(&s, points, n, &delay, size.columns, rows);
	for (unsigned i = 0; i < s.rows; i++) {
		puts(s.line[i]);
	}
}

int compare_draw(const struct measurement *m, const struct comparison *c)
{
	const struct zero zero = zero_of(c);
	struct scatter_point *points = calloc(m->n, sizeof(*points));

	if (!points) {
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->n; i++) {
		const struct sample *s = &m->samples[i];

		points[i] = (struct scatter_point){ sample_delay(s), sample_offset(s) - zero.offset,
						    s->kind == SAMPLE_TIME };
	}
	printf("\n%c GET_TIMESTAMPS, %c GET_TIME, %c both; offset against %s\n", SCATTER_ONE,
	       SCATTER_OTHER, SCATTER_BOTH, zero.name);
	print_picture(points, m->n);
	free(points);
	return 0;
}

/* --- by gnuplot --- */

struct picture {
	const struct measurement *measured;
	const struct comparison *compared;
	struct zero zero;
	const char *host;
	struct axis delays; /* its unit is that of both axes: half the delay is a line of 1/2 */
	dur_ns most;        /* delay */
};

static const char *const kinds[] = {
	[SAMPLE_TIMESTAMPS] = "GET_TIMESTAMPS",
	[SAMPLE_TIME] = "GET_TIME",
};

static const int kind_points[] = { [SAMPLE_TIMESTAMPS] = 6, [SAMPLE_TIME] = 2 };

static void write_number(FILE *out, const struct picture *p, dur_ns d)
{
	fprintf(out, " %.9g", (double)d / (double)p->delays.unit);
}

static void write_points(FILE *out, const struct picture *p, enum sample_kind kind)
{
	const struct measurement *m = p->measured;

	fprintf(out, "$%s << END\n", kinds[kind]);
	for (size_t i = 0; i < m->n; i++) {
		if (m->samples[i].kind == kind) {
			write_number(out, p, sample_delay(&m->samples[i]));
			write_number(out, p, sample_offset(&m->samples[i]) - p->zero.offset);
			fputc('\n', out);
		}
	}
	fputs("END\n", out);
}

/* Result and bound of each method that has one, beside the points, from right to left. */
static void write_results(FILE *out, const struct picture *p)
{
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		const struct compare_result *r = &p->compared->by[i];

		if (r->rc != 0) {
			continue;
		}
		fprintf(out, "$%s << END\n", estimate_method_name((enum estimate_method)i));
		write_number(out, p, p->most + p->most * (i + 1) / 16);
		write_number(out, p, r->estimate.offset - p->zero.offset);
		write_number(out, p, r->estimate.max_error);
		fputs("\nEND\n", out);
	}
}

/* The wedge in which each offset lies, whatever the path does. */
static void write_wedge(FILE *out, const struct picture *p)
{
	fputs("$wedge << END\n0 0 0\n", out);
	write_number(out, p, p->most);
	write_number(out, p, -p->most / 2);
	write_number(out, p, p->most / 2);
	fputs("\nEND\n", out);
}

static void write_axes(FILE *out, const struct picture *p, bool narrow)
{
	fprintf(out, "set xlabel 'round-trip delay (%s)'\n", p->delays.unit_name);
	fprintf(out, "set ylabel '%s than %s (%s)'\n",
		narrow ? "slower +, faster -" : "local clock slower (+) or faster (-)",
		p->zero.name, p->delays.unit_name);
	fputs("set xrange [0:", out);
	write_number(out, p, p->most + p->most * (ESTIMATE_METHODS + 1) / 16);
	fputs("]\n", out);
}

static bool has(const struct picture *p, enum sample_kind kind)
{
	for (size_t i = 0; i < p->measured->n; i++) {
		if (p->measured->samples[i].kind == kind) {
			return true;
		}
	}
	return false;
}

/* The curves, and their legend. */
#define MOST_KEYS (3 + ESTIMATE_METHODS)

struct legend {
	struct plot_key keys[MOST_KEYS];
	size_t n;
};

static void add_key(struct legend *l, enum plot_mark mark, int point, const char *colour,
		    const char *text)
{
	l->keys[l->n++] = (struct plot_key){ mark, point, colour, text };
}

static void make_legend(struct legend *l, const struct picture *p)
{
	l->n = 0;
	add_key(l, PLOT_BAND, 0, PLOT_GREY, "half the delay");
	for (int kind = SAMPLE_TIMESTAMPS; kind <= SAMPLE_TIME; kind++) {
		if (has(p, (enum sample_kind)kind)) {
			add_key(l, PLOT_POINT, kind_points[kind], plot_colour((size_t)kind),
				kinds[kind]);
		}
	}
	for (int i = 0; i < ESTIMATE_METHODS; i++) {
		if (p->compared->by[i].rc == 0) {
			add_key(l, PLOT_POINT, 7, plot_colour((size_t)i + 2),
				estimate_method_name((enum estimate_method)i));
		}
	}
}

/* The first is the wedge; the names of the others are those of their data. */
static void write_curves(FILE *out, const struct legend *l)
{
	fprintf(out, "plot $wedge using 1:2:3 with filledcurves lc rgb '%s' title '%s'",
		l->keys[0].colour, l->keys[0].text);
	for (size_t i = 1; i < l->n; i++) {
		const struct plot_key *key = &l->keys[i];
		const bool is_result = key->point == 7;

		fprintf(out, ", $%s %s pt %d ps %s lc rgb '%s' title '%s'", key->text,
			is_result ? "using 1:2:3 with yerrorbars lw 1.6" : "with points",
			key->point, is_result ? "0.7" : "0.6", key->colour, key->text);
	}
	fputc('\n', out);
}

static void write_script(FILE *out, const struct plot_size *size, const void *context)
{
	static const unsigned weights[] = { 1 };
	const struct picture *p = context;
	const bool narrow = plot_is_narrow(size);
	struct plot_panels panels = { .weights = weights, .n = 1 };
	struct legend legend;
	char below[PARSE_HOST_MAX + 160];

	make_legend(&legend, p);
	snprintf(below, sizeof(below),
		 "%zu exchanges with %s; at the right each method's result and bound",
		 p->measured->n, p->host);
	write_points(out, p, SAMPLE_TIMESTAMPS);
	write_points(out, p, SAMPLE_TIME);
	write_results(out, p);
	write_wedge(out, p);
	panels.key_lines = plot_key_lines(size, legend.keys, legend.n);
	plot_title(out, "Offset against round-trip delay", narrow ? p->host : below);
	plot_panel(out, size, &panels, 0, legend.keys, legend.n);
	write_axes(out, p, narrow);
	fprintf(out, "set xzeroaxis lc rgb '%s'\n", PLOT_GREY);
	write_curves(out, &legend);
}

int compare_plot(const struct plot_options *o, const struct measure_job *job,
		 const struct comparison *c, char why[PLOT_WHY_MAX])
{
	const struct measurement *m = &job->measured;
	struct picture p = {
		.measured = m, .compared = c, .zero = zero_of(c), .host = job->target.host.name
	};

	for (size_t i = 0; i < m->n; i++) {
		const dur_ns delay = sample_delay(&m->samples[i]);

		p.most = delay > p.most ? delay : p.most;
	}
	p.most = p.most > 0 ? p.most : 1;
	p.delays = axis_make(0, p.most, 100, 10);
	return plot_write(o, write_script, &p, why);
}
