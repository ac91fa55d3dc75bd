/* SPDX-License-Identifier: BSD-3-Clause */
/* Captures the output of a test's own process to stdout or stderr. */
#ifndef TESTS_SUPPORT_OUTPUT_H
#define TESTS_SUPPORT_OUTPUT_H

#include <stddef.h>

struct output {
	int fd;    /* the one diverted */
	int saved; /* where it led */
	int file;
};

/* Divert STDOUT_FILENO or STDERR_FILENO. Ends the program if it cannot. */
void output_divert(struct output *o, int fd);

/* End that. `text` of `size` becomes the output, as far as it fits. */
void output_restore(struct output *o, char *text, size_t size);

#endif
