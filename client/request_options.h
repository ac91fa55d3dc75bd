/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The options of the measuring verbs: one table for the parser, --help and the manual page.
 */
#ifndef CLIENT_REQUEST_OPTIONS_H
#define CLIENT_REQUEST_OPTIONS_H

#include "client/request.h"

/*
 * Apply the options of argv to `r`, which has its defaults. Where the operands begin in argv; or -1
 * after saying on stderr what is wrong. `*help` is set if --help was among them.
 */
int request_options_parse(struct request *r, enum request_scope scope,
			  const struct request_extra *extra, int argc, char **argv, bool *help);

/* List the options of that verb on stdout. */
void request_options_help(const struct request *r, enum request_scope scope,
			  const struct request_extra *extra);

#endif
