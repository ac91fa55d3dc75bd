/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The verbs of timesync(1).
 */
#ifndef CLIENT_VERBS_H
#define CLIENT_VERBS_H

#include <stdbool.h>

#include "os/exit_status.h"

/* A verb, given its own part of the command line: argv[0] is the verb. Returns an exit_status. */
typedef int verb_fn(int argc, char **argv);

struct verb {
	const char *name;
	const char *help; /* one line; null ends a table */
	verb_fn *run;
};

verb_fn cmd_query, cmd_sync, cmd_compare, cmd_clock, cmd_status, cmd_track, cmd_group, cmd_doctor,
	cmd_discover, cmd_report, cmd_check, cmd_now, cmd_wait, cmd_keygen, cmd_group_keygen;

/*
 * Run the verb that argv[1] names; "help" is one in each table. `program` is the name in messages
 * and --help, `about` a sentence on its purpose.
 */
int verbs_run(const struct verb *table, const char *program, const char *about, int argc,
	      char **argv);

struct options;

/*
 * Parse a verb's command line, as options_parse does; --help ends with the verb's manual page.
 * STATUS_GO_ON, or the status to exit with.
 */
int verbs_parse(const struct options *options, int argc, char **argv, char ***operands);

/*
 * Report an error that leaves nothing to print: on stderr and, if `json`, for programs on stdout.
 * Returns `status`.
 */
int verbs_refuse(const char *program, bool json, int status, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

/* The exit status of a verb when a file fails with this -errno. */
int verbs_status(int error);

#endif
