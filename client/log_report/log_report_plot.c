/* SPDX-License-Identifier: BSD-3-Clause */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "client/draw/axis.h"
#include "client/log_report/log_choice.h"
#include "print/words.h"

/* A number, or the mark that gnuplot skips. */
static void write_number(FILE *out, bool known, dur_ns d)
{
	char text[WORDS_MAX];

	fprintf(out, " %s", known ? words_seconds(d, text) : "NaN");
}

/* Time, offset measured, offset estimated, bound, delay; in s; rate in ppm. */
static void write_polls(FILE *out, const struct log_choice *c)
{
	char text[WORDS_MAX];

	fputs("$polls << END\n", out);
	for (size_t i = 0; i < c->n; i++) {
		const struct summary_poll *p = c->polls[i];
		const bool measured = log_is_measured(p);

		fputs(words_seconds(summary_time(p), text), out);
		write_number(out, measured, p->offset);
		write_number(out, !measured, p->estimate);
		write_number(out, true, log_bound(p));
		write_number(out, measured, p->delay);
		fprintf(out, " %s\n", p->steered ? words_ppm(p->rate_ppb, text) : "NaN");
	}
	fputs("END\n", out);
}

/* The least and the most of something. */
struct range {
	dur_ns low, high;
};

static struct range range_of(const struct log_choice *c, dur_ns (*of)(const struct summary_poll *))
{
	struct range r = { INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < c->n; i++) {
		const dur_ns v = of(c->polls[i]);

		r.low = v < r.low ? v : r.low;
		r.high = v > r.high ? v : r.high;
	}
	return r;
}

/* Round times, as many as there is room for, in a form that is fine enough. */
static void write_times(FILE *out, const struct log_choice *c)
{
	const struct range r = range_of(c, summary_time);
	const struct axis a = axis_make_times(r.low, r.high, 100, 10);
	const char *form = a.step < NS_PER_SEC           ? "%H:%M:%.3S"
			   : a.step < 60 * NS_PER_SEC    ? "%H:%M:%S"
			   : a.unit < 86400 * NS_PER_SEC ? "%m-%d\\n%H:%M"
							 : "%Y-%m-%d";
	char text[WORDS_MAX], step[WORDS_MAX];
	dur_ns tick = 0;

	if (r.low == r.high) {
		words_seconds(r.low, text);
		fprintf(out, "set xrange [%s-1:%s+1]\n", text, text);
	}
	(void)axis_first_tick(&a, &tick); /* there are two at least */
	words_seconds(a.step, step);
	fprintf(out, "set xtics time format \"%s\" %s, %s\n", form, words_seconds(tick, text),
		step);
}

/* A panel of durations: its title and unit. */
static void write_unit(FILE *out, const char *label, const struct axis *a)
{
	fprintf(out, "set ylabel '%s (%s)'\nf = 1e9 / %" PRId64 "\n", label, a->unit_name, a->unit);
}

/* The range of the numbers, in `unit`; gnuplot complains about an empty one. */
static void write_range(FILE *out, const struct range *r, int64_t unit)
{
	if (r->low == r->high) {
		fprintf(out,
			"set yrange [%" PRId64 ".0/%" PRId64 "-1:%" PRId64 ".0/%" PRId64 "+1]\n",
			r->low, unit, r->low, unit);
	} else {
		fputs("set yrange [*:*]\n", out);
	}
}

static bool any(const struct log_choice *c, bool (*is)(const struct summary_poll *))
{
	for (size_t i = 0; i < c->n; i++) {
		if (is(c->polls[i])) {
			return true;
		}
	}
	return false;
}

static bool is_not_measured(const struct summary_poll *p)
{
	return !log_is_measured(p);
}

static bool is_steered(const struct summary_poll *p)
{
	return p->steered;
}

/* The panels; gnuplot complains of columns without numbers. */
static void write_offsets(FILE *out, const struct log_choice *c)
{
	const struct range r = range_of(c, log_offset);
	const struct axis a = axis_make(r.low, r.high, 100, 10);

	write_unit(out, "slow +, fast -", &a);
	write_range(out, &r, a.unit);
	fprintf(out, "plot %s%s%s\n",
		any(c, log_is_measured) ? "$polls using 1:($2*f) with points pt 6 ps 0.5 "
					  "title 'offset, measured'"
					: "",
		any(c, log_is_measured) && any(c, is_not_measured) ? ", " : "",
		any(c, is_not_measured) ? "$polls using 1:($3*f) with points pt 2 ps 0.5 "
					  "title 'estimated while holding over'"
					: "");
}

static void write_bounds(FILE *out, const struct log_choice *c)
{
	const struct axis a = axis_make(0, range_of(c, log_bound).high, 100, 10);

	write_unit(out, "error, delay", &a);
	fprintf(out,
		"set yrange [0:]\nplot $polls using 1:($4*f) with points pt 1 ps 0.5 title "
		"'largest error of the offset'%s\n",
		any(c, log_is_measured) ? ", $polls using 1:($5*f) with points pt 4 ps 0.5 "
					  "title 'round-trip delay'"
					: "");
}

static int64_t rate_of(const struct summary_poll *p)
{
	return p->rate_ppb;
}

static void write_rates(FILE *out, const struct log_choice *c)
{
	const struct range r = range_of(c, rate_of);

	write_range(out, &r, 1000);
	fputs("set ylabel 'slow +, fast - (ppm)'\n"
	      "plot $polls using 1:6 with lines title 'rate of the clock without correction'\n",
	      out);
}

static void write_script(FILE *out, const void *context)
{
	const struct log_choice *c = context;
	const bool rates = any(c, is_steered);

	write_polls(out, c);
	fprintf(out,
		"set multiplot layout %d,1\nset grid\nset lmargin 14\nset rmargin 6\n"
		"set key outside top center horizontal\n",
		rates ? 3 : 2);
	write_times(out, c);
	write_offsets(out, c);
	write_bounds(out, c);
	if (rates) {
		write_rates(out, c);
	}
	fputs("unset multiplot\n", out);
}

int log_report_plot(const struct log_report *r, const char *path, char why[PLOT_WHY_MAX])
{
	struct log_choice c;
	int rc = log_choose(&c, r);

	if (rc != 0) {
		snprintf(why, PLOT_WHY_MAX, "out of memory");
	} else if (c.n == 0) {
		snprintf(why, PLOT_WHY_MAX, "there is nothing to draw: no poll was measured");
		rc = -ENODATA;
	} else {
		rc = plot_write(path, write_script, &c, why);
	}
	log_choice_free(&c);
	return rc;
}
