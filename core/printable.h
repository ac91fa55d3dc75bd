/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text from elsewhere (a command line, a file, another host) that is to be shown to people: none of
 * it may move the cursor, change the terminal, or look like a line of ours.
 */
#ifndef CORE_PRINTABLE_H
#define CORE_PRINTABLE_H

#include <stddef.h>

/*
 * Replace by '?', in place, everything on which a terminal would act: controls (of ASCII, and
 * U+0080 to U+009F), separators of lines and paragraphs, controls of the writing direction, and
 * octets that are not UTF-8. The text never gets longer. Returns it.
 */
char *printable_mask(char *text);

/* The same for a copy in `buf` of `size` octets, 4 at least; a longer text ends in "...". */
char *printable_copy(char *buf, size_t size, const char *text);

#endif
