/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A directory for the files of one test.
 */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

struct scratch {
	char directory[128];
	char path[160]; /* the name of a file in it that does not exist yet */
};

/*
 * Make a directory under $TMPDIR or /tmp that every user can enter. The caller releases it with
 * scratch_remove. 0 or -errno.
 */
int scratch_make(struct scratch *s);

/* How many files are in it. */
size_t scratch_count(const struct scratch *s);

/* Remove it with the files in it. */
void scratch_remove(struct scratch *s);

/* A setup and a teardown for cmocka, whose state is a scratch. */
int scratch_setup(void **state);
int scratch_teardown(void **state);

/* Read a file of at most `size` bytes: how many it has. Ends the program if it cannot. */
size_t scratch_read(const char *path, void *bytes, size_t size);

/* Make or replace a file. Ends the program if it cannot. */
void scratch_write(const char *path, const void *bytes, size_t size);

#endif
