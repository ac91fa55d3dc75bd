/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads a file line by line. A line of any length costs no more memory than LINES_MAX. */
#ifndef OS_LINES_H
#define OS_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The octets of a line that are kept. */
#define LINES_MAX (8 << 20)

/* Begin with `in` and zeros. */
struct lines {
	FILE *in;
	size_t number; /* of the line, from 1 */
	char *text;    /* of the line, without its end, not terminated; owned */
	size_t len;
	bool complete; /* it ends as lines do */
	bool too_long; /* the rest of it is not there */
	size_t room;
	bool is_ahead; /* the line is to be read once more */
	int error;     /* -errno: why there is no further line; 0: the file has ended */
};

/* Read the next line. False when there is none. */
bool lines_next(struct lines *l);

/* Have the present line come once more. */
void lines_back(struct lines *l);

/* Whether there is nothing but blanks in the line. */
bool lines_is_blank(const struct lines *l);

void lines_free(struct lines *l);

#endif
