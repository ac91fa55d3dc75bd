/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "client/log_report/log_axis.h"
#include "client/log_report/log_choice.h"
#include "core/arith.h"
#include "print/words.h"

/* More polls than that cannot be told apart, and make an SVG of many megabytes. */
#define MOST_POLLS 3000

/* Of a stretch of many polls these are drawn. */
enum { LOWEST, HIGHEST, WIDEST, KEPT };

/* The picture as it is drawn. */
struct picture {
	const struct log_report *report;
	const struct log_choice *choice;
	const struct summary_poll **polls; /* those that are drawn; owned */
	size_t n;
	ts_ns begin, end;
	struct scale offsets, bounds, rates;
	bool measured, estimated, steered, truth; /* there is some of that */
};

/* --- the polls ----------------------------------------------------------------------------------
 */

/* The extremes of a stretch of polls, in their order. */
static void thin(struct picture *p, const struct summary_poll **polls, size_t n)
{
	const struct summary_poll *kept[KEPT] = { polls[0], polls[0], polls[0] };

	for (size_t i = 1; i < n; i++) {
		kept[LOWEST] =
			log_offset(polls[i]) < log_offset(kept[LOWEST]) ? polls[i] : kept[LOWEST];
		kept[HIGHEST] =
			log_offset(polls[i]) > log_offset(kept[HIGHEST]) ? polls[i] : kept[HIGHEST];
		kept[WIDEST] =
			log_bound(polls[i]) > log_bound(kept[WIDEST]) ? polls[i] : kept[WIDEST];
	}
	for (size_t i = 0; i < n; i++) {
		if (polls[i] == kept[LOWEST] || polls[i] == kept[HIGHEST] ||
		    polls[i] == kept[WIDEST]) {
			p->polls[p->n++] = polls[i];
		}
	}
}

static void choose_polls(struct picture *p)
{
	const size_t n = p->choice->n;
	const size_t stretch = n <= MOST_POLLS ? 1 : (n * KEPT + MOST_POLLS - 1) / MOST_POLLS;

	for (size_t i = 0; i < n; i += stretch) {
		thin(p, p->choice->polls + i, n - i < stretch ? n - i : stretch);
	}
}

static bool true_offset(const struct picture *p, const struct summary_poll *poll, dur_ns *offset)
{
	return p->report->truth &&
	       log_truth_at(p->report->truth, poll->at, poll->system_at, offset);
}

static void look_at_polls(struct picture *p)
{
	dur_ns truth;

	p->begin = p->end = summary_time(p->polls[0]);
	for (size_t i = 0; i < p->n; i++) {
		const struct summary_poll *poll = p->polls[i];
		const ts_ns t = summary_time(poll);

		p->begin = t < p->begin ? t : p->begin;
		p->end = t > p->end ? t : p->end;
		p->measured |= log_is_measured(poll);
		p->estimated |= !log_is_measured(poll);
		p->steered |= poll->steered;
		p->truth |= true_offset(p, poll, &truth);
	}
}

/* The least and the largest rate; 0 twice where none is known. */
static void rates_of(const struct picture *p, int64_t *least, int64_t *most)
{
	bool any = false;

	*least = *most = 0;
	for (size_t i = 0; i < p->n; i++) {
		const int64_t rate = p->polls[i]->rate_ppb;

		if (p->polls[i]->steered) {
			*least = any ? arith_min(*least, rate) : rate;
			*most = any ? arith_max(*most, rate) : rate;
			any = true;
		}
	}
}

/* The scales, from room for three values of each poll and one more. */
static void make_scales(struct picture *p, int64_t *values)
{
	int64_t least, most;
	dur_ns truth;
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		const dur_ns offset = log_offset(p->polls[i]), bound = log_bound(p->polls[i]);

		values[n++] = arith_add(offset, -bound);
		values[n++] = arith_add(offset, bound);
		if (true_offset(p, p->polls[i], &truth)) {
			values[n++] = truth;
		}
	}
	scale_make(&p->offsets, values, n, true);
	n = 0;
	values[n++] = 0;
	for (size_t i = 0; i < p->n; i++) {
		values[n++] = log_bound(p->polls[i]);
		values[n++] = log_is_measured(p->polls[i]) ? p->polls[i]->delay : 0;
	}
	scale_make(&p->bounds, values, n, true);
	rates_of(p, &least, &most);
	scale_make_linear(&p->rates, least, most, 1000, "ppm");
}

/* --- gnuplot ------------------------------------------------------------------------------------
 */

/* Edges of the band; where nothing is claimed it is broken. */
static void write_bands(FILE *out, const struct picture *p)
{
	fputs("$band << END\n", out);
	for (size_t i = 0; i < p->n; i++) {
		const struct summary_poll *poll = p->polls[i];
		const dur_ns offset = log_offset(poll), bound = log_bound(poll);

		log_axis_time(out, summary_time(poll));
		log_axis_place(out, true, &p->offsets, arith_add(offset, -bound));
		log_axis_place(out, true, &p->offsets, arith_add(offset, bound));
		fputc('\n', out);
	}
	fputs("END\n", out);
}

/* Time, offset measured, estimated, true; bound, delay; rate. */
static void write_polls(FILE *out, const struct picture *p)
{
	fputs("$polls << END\n", out);
	for (size_t i = 0; i < p->n; i++) {
		const struct summary_poll *poll = p->polls[i];
		const bool measured = log_is_measured(poll);
		dur_ns truth = 0;
		const bool known = true_offset(p, poll, &truth);

		log_axis_time(out, summary_time(poll));
		log_axis_place(out, measured, &p->offsets, poll->offset);
		log_axis_place(out, !measured, &p->offsets, poll->estimate);
		log_axis_place(out, known, &p->offsets, truth);
		log_axis_place(out, true, &p->bounds, log_bound(poll));
		log_axis_place(out, measured, &p->bounds, poll->delay);
		log_axis_place(out, poll->steered, &p->rates, poll->rate_ppb);
		fputc('\n', out);
	}
	fputs("END\n", out);
}

/* The curves of one panel: as they are drawn, and their legend. */
#define MOST_CURVES 4

struct curves {
	const char *plots[MOST_CURVES];
	struct plot_key keys[MOST_CURVES];
	size_t n;
};

static void add_curve(struct curves *c, bool there_is, const char *plot, struct plot_key key)
{
	if (there_is) { /* gnuplot complains of columns without numbers */
		c->plots[c->n] = plot;
		c->keys[c->n++] = key;
	}
}

static struct curves offset_curves(const struct picture *p)
{
	const char *blue = plot_colour(0), *orange = plot_colour(1), *red = plot_colour(6);
	struct curves c = { .n = 0 };

	add_curve(&c, true, "$band using 1:2:3 with filledcurves",
		  (struct plot_key){ PLOT_BAND, 0, blue, "bound" });
	add_curve(&c, p->truth, "$polls using 1:4 with lines lw 1.6",
		  (struct plot_key){ PLOT_LINE, 0, orange, "true offset" });
	add_curve(&c, p->measured, "$polls using 1:2 with points pt 7 ps 0.5",
		  (struct plot_key){ PLOT_POINT, 7, blue, "offset, measured" });
	add_curve(&c, p->estimated, "$polls using 1:3 with points pt 2 ps 0.5",
		  (struct plot_key){ PLOT_POINT, 2, red, "estimated while holding over" });
	return c;
}

static struct curves bound_curves(const struct picture *p)
{
	struct curves c = { .n = 0 };

	add_curve(&c, true, "$polls using 1:5 with lines lw 1.4",
		  (struct plot_key){ PLOT_LINE, 0, plot_colour(0), "bound" });
	add_curve(&c, p->measured, "$polls using 1:6 with points pt 6 ps 0.45",
		  (struct plot_key){ PLOT_POINT, 6, plot_colour(2), "round-trip delay" });
	return c;
}

static struct curves rate_curves(const struct picture *p)
{
	struct curves c = { .n = 0 };

	add_curve(&c, p->steered, "$polls using 1:7 with lines lw 1.4",
		  (struct plot_key){ PLOT_LINE, 0, plot_colour(3),
				     "uncorrected rate, slow +, fast -" });
	return c;
}

/* --- panels -------------------------------------------------------------------------------------
 */

#define MOST_PANELS 3

struct panel {
	struct curves curves;
	const struct scale *scale;
	const char *of;
};

static void write_panel(FILE *out, const struct panel *panel)
{
	const char *between = "plot ";

	log_axis_values(out, panel->scale, panel->of);
	for (size_t i = 0; i < panel->curves.n; i++) {
		fprintf(out, "%s%s lc rgb '%s' title '%s'", between, panel->curves.plots[i],
			panel->curves.keys[i].colour, panel->curves.keys[i].text);
		between = ", ";
	}
	fputs("\nunset label\nunset arrow\nunset object\n", out);
}

static void write_title(FILE *out, const struct picture *p, bool narrow)
{
	char below[2 * LOG_AXIS_SPAN_MAX], span[LOG_AXIS_SPAN_MAX];

	log_axis_span(p->begin, p->end, narrow, span);
	snprintf(below, sizeof(below), "%s; %zu polls %s", span, p->choice->n,
		 p->choice->all ? "in all" : "since convergence");
	plot_title(out, "Offset of the local clock", narrow ? span : below);
}

static void write_script(FILE *out, const struct plot_size *size, const void *context)
{
	static const unsigned weights[MOST_PANELS] = { 5, 3, 3 };
	const struct picture *p = context;
	const struct panel all[MOST_PANELS] = {
		{ offset_curves(p), &p->offsets, "slow +, fast -" },
		{ bound_curves(p), &p->bounds, "duration" },
		{ rate_curves(p), &p->rates, "rate" },
	};
	struct plot_panels panels = { .weights = weights, .n = p->steered ? 3 : 2 };

	for (unsigned i = 0; i < panels.n; i++) {
		const unsigned lines = plot_key_lines(size, all[i].curves.keys, all[i].curves.n);

		panels.key_lines = lines > panels.key_lines ? lines : panels.key_lines;
	}
	write_bands(out, p);
	write_polls(out, p);
	fputs("set multiplot\n", out);
	write_title(out, p, plot_is_narrow(size));
	for (unsigned i = 0; i < panels.n; i++) {
		plot_panel(out, size, &panels, i, all[i].curves.keys, all[i].curves.n);
		log_axis_times(out, size, p->begin, p->end, i + 1 == panels.n);
		write_panel(out, &all[i]);
	}
	fputs("unset multiplot\n", out);
}

/* --- the picture --------------------------------------------------------------------------------
 */

static int plot(struct picture *p, const struct plot_options *o, char why[PLOT_WHY_MAX])
{
	int64_t *values = calloc(3 * p->choice->n + 1, sizeof(*values));
	int rc = -ENOMEM;

	p->polls = calloc(p->choice->n, sizeof(*p->polls));
	snprintf(why, PLOT_WHY_MAX, "out of memory");
	if (values && p->polls) {
		choose_polls(p);
		look_at_polls(p);
		make_scales(p, values);
		rc = plot_write(o, write_script, p, why);
	}
	free(values);
	free(p->polls);
	return rc;
}

int log_report_plot(const struct log_report *r, const struct plot_options *o,
		    char why[PLOT_WHY_MAX])
{
	struct log_choice c;
	struct picture p = { .report = r, .choice = &c };
	int rc = log_choose(&c, r);

	if (rc != 0) {
		snprintf(why, PLOT_WHY_MAX, "out of memory");
	} else if (c.n == 0) {
		snprintf(why, PLOT_WHY_MAX, "%s: there is nothing to draw: no poll was measured",
			 o->file ? o->file : o->pdf);
		rc = -ENODATA;
	} else {
		rc = plot(&p, o, why);
	}
	log_choice_free(&c);
	return rc;
}
