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
	struct zero zero;
};

static void write_points(FILE *out, const struct sample *samples, size_t n, dur_ns zero,
			 enum sample_kind kind)
{
	char delay[WORDS_MAX], offset[WORDS_MAX];

	for (size_t i = 0; i < n; i++) {
		if (samples[i].kind == kind) {
			fprintf(out, "%s %s\n", words_seconds(sample_delay(&samples[i]), delay),
				words_seconds(sample_offset(&samples[i]) - zero, offset));
		}
	}
	fputs("e\n", out);
}

/* One unit for both axes, so that half the delay is a line of slope 1/2. */
static struct axis delays_of(const struct sample *samples, size_t n)
{
	dur_ns most = 0;

	for (size_t i = 0; i < n; i++) {
		most = sample_delay(&samples[i]) > most ? sample_delay(&samples[i]) : most;
	}
	return axis_make(0, most, 100, 10);
}

static void write_script(FILE *out, const void *context)
{
	const struct picture *p = context;
	const struct sample *samples = p->measured->samples;
	const size_t n = p->measured->n;
	const struct axis a = delays_of(samples, n);

	fprintf(out, "set xlabel 'round-trip delay (%s)'\n", a.unit_name);
	fprintf(out, "set ylabel 'local clock slower (+) or faster (-) than %s (%s)'\n",
		p->zero.name, a.unit_name);
	fprintf(out, "set key top left\nset grid\nset xrange [0:]\nf = 1e9 / %" PRId64 "\n",
		a.unit);
	fputs("plot '-' using ($1*f):($2*f) with points pt 6 title 'GET\\_TIMESTAMPS', "
	      "'-' using ($1*f):($2*f) with points pt 2 title 'GET\\_TIME', "
	      "x/2 with lines lc 'gray' title 'half the delay, the largest error of one', "
	      "-x/2 with lines lc 'gray' notitle\n",
	      out);
	write_points(out, samples, n, p->zero.offset, SAMPLE_TIMESTAMPS);
	write_points(out, samples, n, p->zero.offset, SAMPLE_TIME);
}

int compare_plot(const char *path, const struct measurement *m, const struct comparison *c,
		 char why[PLOT_WHY_MAX])
{
	const struct picture p = { m, zero_of(c) };

	return plot_write(path, write_script, &p, why);
}
