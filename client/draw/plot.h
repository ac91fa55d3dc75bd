/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures as SVG, PNG and PDF, drawn by gnuplot in a process of its own.
 */
#ifndef CLIENT_DRAW_PLOT_H
#define CLIENT_DRAW_PLOT_H

#include "os/options.h"

#include <stdio.h>

enum plot_kind { PLOT_UNKNOWN, PLOT_SVG, PLOT_PNG, PLOT_PDF };

/* The kind that a file's name asks for, by its end. */
enum plot_kind plot_kind(const char *path);

/* How large a picture is, in points: the pixels of an SVG, and half of those of a PNG. */
struct plot_size {
	unsigned width, height;
};

/* The options. */
struct plot_options {
	const char *file; /* null: none */
	const char *pdf;  /* the same picture as a PDF; null: none */
	struct plot_size size;
};

/* The rows of these options, for a part of a verb's, with a record of that type. */
#define PLOT_ROWS 3
extern const struct option_row plot_rows[PLOT_ROWS];

bool plot_is_wanted(const struct plot_options *o);

/* Below this width labels must be brief. */
bool plot_is_narrow(const struct plot_size *size);

#define PLOT_WHY_MAX 4600 /* there is a path in it */

/* Write the commands for gnuplot, except those of plot_write. */
typedef void plot_script_fn(FILE *out, const struct plot_size *size, const void *context);

/*
 * Draw into the files that are wanted, each new or in place of an old one. Before the script come
 * the terminal, and the style that all pictures have; texts are taken as they are written. 0 or
 * -errno with the file and the reason in `why`; that file is then unchanged, unless there was no
 * room for it.
 */
int plot_write(const struct plot_options *o, plot_script_fn *write_script, const void *context,
	       char why[PLOT_WHY_MAX]);

/* --- for scripts --- */

#define PLOT_INK  "#1f2328"
#define PLOT_GREY "#59636e"

/* The colour of a series, from 0. */
const char *plot_colour(size_t number);

/* A text as gnuplot reads it, in quotation marks: any text of others is only text. */
void plot_text(FILE *out, const char *text);

/* The title of the picture, and a line below it. */
void plot_title(FILE *out, const char *title, const char *below);

/* An entry of a legend. */
enum plot_mark { PLOT_BAND, PLOT_LINE, PLOT_POINT };

struct plot_key {
	enum plot_mark mark;
	int point; /* the type of the point, as gnuplot numbers them */
	const char *colour;
	const char *text;
};

/* The lines that a legend takes. */
unsigned plot_key_lines(const struct plot_size *size, const struct plot_key *keys, size_t n);

/*
 * Panels below each other over one axis: panel `number` of those with these weights gets its place,
 * and its legend, which takes at most `key_lines`, stands above it.
 */
struct plot_panels {
	const unsigned *weights;
	unsigned n, key_lines;
};

void plot_panel(FILE *out, const struct plot_size *size, const struct plot_panels *panels,
		unsigned number, const struct plot_key *keys, size_t n_keys);

#endif
