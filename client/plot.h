/*
 * Scattergrams as pictures, drawn by gnuplot in a process of its own.
 */
#ifndef CLIENT_PLOT_H
#define CLIENT_PLOT_H

#include <stddef.h>

#include "core/sample.h"

enum plot_kind { PLOT_UNKNOWN, PLOT_SVG, PLOT_PNG };

/* The kind that a file's name asks for, by its end. */
enum plot_kind plot_kind(const char *path);

#define PLOT_WHY_MAX 200

/*
 * Draw the offsets of samples against their delay into a new file, or in place of an old one.
 * Offsets are shown against `zero`, an offset too, which `zero_name` describes in plain words. 0 or
 * -errno with the reason in `why`; the file is then as it was, unless there was no room for it.
 */
int plot_write(const char *path, const struct sample *samples, size_t n, dur_ns zero,
	       const char *zero_name, char why[PLOT_WHY_MAX]);

#endif
