/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Pictures, drawn by gnuplot in a process of its own.
 */
#ifndef CLIENT_DRAW_PLOT_H
#define CLIENT_DRAW_PLOT_H

#include "os/options.h"

#include <stdio.h>

enum plot_kind { PLOT_UNKNOWN, PLOT_SVG, PLOT_PNG };

/* The kind that a file's name asks for, by its end. */
enum plot_kind plot_kind(const char *path);

#define PLOT_WHY_MAX 200

/* Write the commands for gnuplot, except the one for the terminal. */
typedef void plot_script_fn(FILE *out, const void *context);

/*
 * Draw into a new file, or in place of an old one. 0 or -errno with the reason in `why`; the file
 * is then unchanged, unless there was no room for it.
 */
int plot_write(const char *path, plot_script_fn *write_script, const void *context,
	       char why[PLOT_WHY_MAX]);

/* A row of options for such a file: OPTION_OTHER, into a const char *. */
option_read_fn plot_read_option;

#endif
