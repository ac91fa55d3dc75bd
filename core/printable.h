/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Text from elsewhere (a command line, a file, another host) that is to be shown to people: none of
 * it may move the cursor, change the terminal, or look like a line of ours.
 */
#ifndef CORE_PRINTABLE_H
#define CORE_PRINTABLE_H

#include <stddef.h>

/*
 * Put '?', in place, where a terminal would act instead of showing a character: for controls (of
 * ASCII and U+0080 to U+009F), for the separators of lines and paragraphs, for what reverses the
 * direction of writing; and for each octet that is not UTF-8. The text never gets longer. Returns
 * it.
 */
char *printable_mask(char *text);

/* The same for a copy in `buf` of `size` octets, 4 at least; what does not fit ends in "...". */
char *printable_copy(char *buf, size_t size, const char *text);

#endif
