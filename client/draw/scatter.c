/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/draw/scatter.h"

#include <stdio.h>
#include <string.h>

#include "client/draw/axis.h"

/* Below the field: the axis, its labels, its title. */
#define ROWS_BELOW 3
/* " -|" or "  |" between a label and the field. */
#define COLUMNS_BESIDE 3
#define ROWS_A_TICK    3
#define COLUMNS_A_TICK 12
#define LABEL_MAX      (AXIS_LABEL_MAX + 8)

struct drawing {
	struct scatter *out;
	struct axis x, offsets;
	unsigned left; /* column where the field begins */
};

/* --- the paper: blank rows, and in the end nothing blank at their ends --- */

static void paper_begin(struct scatter *out, unsigned columns, unsigned rows)
{
	out->rows = rows;
	for (unsigned row = 0; row < rows; row++) {
		memset(out->line[row], ' ', columns);
		out->line[row][columns] = '\0';
	}
}

static void paper_end(struct scatter *out)
{
	for (unsigned row = 0; row < out->rows; row++) {
		size_t len = strlen(out->line[row]);

		while (len > 0 && out->line[row][len - 1] == ' ') {
			len--;
		}
		out->line[row][len] = '\0';
	}
}

static void put(struct drawing *d, unsigned row, unsigned column, const char *text)
{
	memcpy(&d->out->line[row][column], text, strlen(text));
}

/* Where a text has to begin to be centred at a column, or as nearly as the paper's edge allows. */
static unsigned centred(const struct drawing *d, unsigned column, const char *text)
{
	const unsigned len = (unsigned)strlen(text), edge = d->left + d->x.cells;
	const unsigned from = column > len / 2 ? column - len / 2 : 0;

	return from + len > edge ? edge - len : from;
}

/* --- the axes --- */

/* An offset in words, as everywhere: positive means that the local clock is slow. */
static const char *offset_label(const struct axis *a, dur_ns tick, char buf[LABEL_MAX])
{
	char amount[AXIS_LABEL_MAX];

	if (tick == 0) {
		snprintf(buf, LABEL_MAX, "0");
	} else {
		snprintf(buf, LABEL_MAX, "%s %s", axis_label(a, tick, amount),
			 tick > 0 ? "slower" : "faster");
	}
	return buf;
}

static unsigned offset_labels_width(const struct axis *a)
{
	char label[LABEL_MAX];
	size_t width = 0;
	dur_ns tick;

	for (bool more = axis_first_tick(a, &tick); more; more = axis_next_tick(a, &tick)) {
		const size_t len = strlen(offset_label(a, tick, label));

		width = len > width ? len : width;
	}
	return (unsigned)width;
}

static unsigned row_of(const struct drawing *d, dur_ns offset)
{
	return d->offsets.cells - 1 - axis_cell(&d->offsets, offset);
}

static void draw_offset_axis(struct drawing *d)
{
	const struct axis *a = &d->offsets;
	char label[LABEL_MAX];
	dur_ns tick;

	for (unsigned row = 0; row < a->cells; row++) {
		put(d, row, d->left - 1, "|");
	}
	for (bool more = axis_first_tick(a, &tick); more; more = axis_next_tick(a, &tick)) {
		const unsigned row = row_of(d, tick);

		offset_label(a, tick, label);
		put(d, row, d->left - COLUMNS_BESIDE - (unsigned)strlen(label), label);
		put(d, row, d->left - 2, "-");
		if (tick == 0) {
			memset(&d->out->line[row][d->left], '-', d->x.cells);
		}
	}
}

static void draw_x_axis(struct drawing *d, const char *title)
{
	const struct axis *a = &d->x;
	const unsigned row = d->offsets.cells;
	unsigned free_from = 0; /* first column where the next label may begin */
	char label[AXIS_LABEL_MAX];
	dur_ns tick;

	put(d, row, d->left - 1, "+");
	memset(&d->out->line[row][d->left], '-', a->cells);
	for (bool more = axis_first_tick(a, &tick); more; more = axis_next_tick(a, &tick)) {
		const unsigned at = d->left + axis_cell(a, tick);
		const unsigned from = centred(d, at, axis_label(a, tick, label));

		put(d, row, at, "|");
		if (from >= free_from) {
			put(d, row + 1, from, label);
			free_from = from + (unsigned)strlen(label) + 1;
		}
	}
	put(d, row + 2, centred(d, d->left + a->cells / 2, title), title);
}

/* --- the points --- */

static void draw_point(struct drawing *d, const struct scatter_point *p)
{
	const char mark = p->other ? SCATTER_OTHER : SCATTER_ONE;
	const char another = p->other ? SCATTER_ONE : SCATTER_OTHER;
	char *cell = &d->out->line[row_of(d, p->offset)][d->left + axis_cell(&d->x, p->x)];

	if (*cell == another) {
		*cell = SCATTER_BOTH;
	} else if (*cell != SCATTER_BOTH) {
		*cell = mark;
	}
}

struct extent {
	dur_ns least_x, most_x, least_offset, most_offset;
};

static struct extent extent_of(const struct scatter_point *points, size_t n)
{
	struct extent e = { INT64_MAX, INT64_MIN, INT64_MAX, INT64_MIN };

	for (size_t i = 0; i < n; i++) {
		const struct scatter_point *p = &points[i];

		e.least_x = p->x < e.least_x ? p->x : e.least_x;
		e.most_x = p->x > e.most_x ? p->x : e.most_x;
		e.least_offset = p->offset < e.least_offset ? p->offset : e.least_offset;
		e.most_offset = p->offset > e.most_offset ? p->offset : e.most_offset;
	}
	return e;
}

static unsigned within(unsigned n, unsigned low, unsigned high)
{
	if (n < low) {
		return low;
	}
	return n < high ? n : high;
}

void scatter_draw(struct scatter *out, const struct scatter_point *points, size_t n,
		  const struct scatter_x *x, unsigned columns, unsigned rows)
{
	struct drawing d = { .out = out };
	const struct extent e = extent_of(points, n);

	columns = within(columns, SCATTER_MIN_COLUMNS, SCATTER_MAX_COLUMNS);
	rows = within(rows, SCATTER_MIN_ROWS, SCATTER_MAX_ROWS);
	if (n == 0) {
		out->rows = 0;
		return;
	}
	paper_begin(out, columns, rows);
	d.offsets = axis_make(e.least_offset, e.most_offset, rows - ROWS_BELOW, ROWS_A_TICK);
	d.left = offset_labels_width(&d.offsets) + COLUMNS_BESIDE;
	d.x = (x->is_time ? axis_make_times : axis_make)(e.least_x, e.most_x, columns - d.left,
							 COLUMNS_A_TICK);
	draw_offset_axis(&d);
	draw_x_axis(&d, x->title);
	for (size_t i = 0; i < n; i++) {
		draw_point(&d, &points[i]);
	}
	paper_end(out);
}
