/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Long lines on a terminal: broken at blanks, so that none is wider than the terminal. Elsewhere a
 * line stays one, for other programs to read.
 */
#ifndef PRINT_WRAP_H
#define PRINT_WRAP_H

#include <stddef.h>
#include <stdio.h>

/* Print a line, whose later parts, if there are any, are indented by `indent`. */
void wrap_print(FILE *out, unsigned indent, const char *line);

/*
 * The same into lines of at most `columns`, whatever `out` is. Sequences that change the style
 * (ESC ... m) take no room; a word that is too long stays whole.
 */
void wrap_print_within(FILE *out, unsigned columns, unsigned indent, const char *line);

#endif
