/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A configuration file: one option a line, by its long name without "--", and its argument behind
 * blanks. Empty lines, and those that begin with '#', say nothing.
 */
#ifndef OS_OPTIONS_FILE_H
#define OS_OPTIONS_FILE_H

#include "os/options.h"

/*
 * Read all options of the file at `path` into the records, over their present values; no defaults
 * are set. Errors are reported with FILE:LINE. 0 with the file's text in `*text`, which the records
 * may point into, to be freed by the caller; or -errno after saying why: -EBADMSG when an option is
 * wrong.
 */
int options_file_read(const struct options *o, const char *path, char **text);

#endif
