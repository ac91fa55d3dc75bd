/* SPDX-License-Identifier: BSD-3-Clause */
/* The features of a terminal besides text: none is used on other outputs, nor with TERM=dumb. */
#ifndef PRINT_TERMINAL_H
#define PRINT_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

/* Whether the stream is a terminal that can do more than write one line below the other. */
bool terminal_is(FILE *stream);

enum terminal_style { TERMINAL_STRONG /* a result */, TERMINAL_ALARM /* a refusal */ };

/*
 * The escape sequences before and after text of that style: "" unless the stream is a terminal and
 * the user has not set NO_COLOR (https://no-color.org: to anything but nothing).
 */
const char *terminal_begin(FILE *stream, enum terminal_style style);
const char *terminal_end(FILE *stream);

struct terminal_size {
	unsigned columns, rows;
};

/* The terminal's size; 80x24 if it does not say, or is none. */
struct terminal_size terminal_size(FILE *stream);

#endif
