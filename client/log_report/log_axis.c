/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/log_report/log_axis.h"

#include "client/draw/axis.h"
#include "print/words.h"

#define DAY (86400 * NS_PER_SEC)

/* Points that a label of the axis takes, with the room beside it. */
#define LABEL_WIDTH 84

void log_axis_time(FILE *out, ts_ns t)
{
	char text[WORDS_MAX];

	fputs(words_seconds(t, text), out);
}

void log_axis_place(FILE *out, bool known, const struct scale *s, dur_ns value)
{
	if (known) {
		fprintf(out, " %.9g", scale_place(s, value));
	} else {
		fputs(" NaN", out);
	}
}

void log_axis_values(FILE *out, const struct scale *s, const char *of)
{
	const struct scale_range r = scale_range(s);
	char label[SCALE_LABEL_MAX];

	fprintf(out, "set yrange [%.9g:%.9g]\nset ytics %s\nset ylabel ", r.from, r.to, s->ticks);
	plot_text(out, scale_label(s, of, label));
	fputc('\n', out);
}

/* Round times, as many as there is room for, in a form that is fine enough. */
static void write_ticks(FILE *out, const struct axis *a, bool one_day, bool labelled)
{
	const char *form = !labelled                   ? ""
			   : a->step < NS_PER_SEC      ? "%H:%M:%.3S"
			   : a->step < 60 * NS_PER_SEC ? "%H:%M:%S"
			   : a->step >= DAY            ? "%m-%d"
			   : one_day                   ? "%H:%M"
						       : "%H:%M\\n%m-%d";
	char text[WORDS_MAX], step[WORDS_MAX];
	dur_ns tick = 0;

	(void)axis_first_tick(a, &tick); /* there are two at least */
	fprintf(out, "set xtics time format \"%s\" %s, %s\n", form, words_seconds(tick, text),
		words_seconds(a->step, step));
}

void log_axis_times(FILE *out, const struct plot_size *size, ts_ns begin, ts_ns end, bool last)
{
	const struct axis a = axis_make_times(begin, end, size->width, LABEL_WIDTH);
	const bool one_day = begin / DAY == end / DAY;
	char from[WORDS_MAX], to[WORDS_MAX];

	words_seconds(begin, from);
	words_seconds(end, to);
	if (begin == end) {
		fprintf(out, "set xrange [%s-1:%s+1]\n", from, to);
	} else {
		fprintf(out, "set xrange [%s:%s]\n", from, to);
	}
	write_ticks(out, &a, one_day, last);
	if (last && one_day) {
		fprintf(out, "set xlabel 'time on %.10s (UTC)'\n", words_date(begin, from));
	} else {
		fprintf(out, "set xlabel '%s'\n", last ? "time and date (UTC)" : "");
	}
}

const char *log_axis_span(ts_ns begin, ts_ns end, bool brief, char buf[LOG_AXIS_SPAN_MAX])
{
	char from[WORDS_MAX], to[WORDS_MAX], span[WORDS_MAX];
	const bool one_day = begin / DAY == end / DAY;

	words_date(begin, from);
	words_date(end, to);
	if (brief) {
		snprintf(buf, LOG_AXIS_SPAN_MAX, "%.16s to %.*s UTC", from, one_day ? 5 : 16,
			 one_day ? to + 11 : to);
		return buf;
	}
	snprintf(buf, LOG_AXIS_SPAN_MAX, "%.19s to %s, %s", from, one_day ? to + 11 : to,
		 words_duration(end - begin, span));
	return buf;
}
