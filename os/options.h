/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command-line options from one table, which is at once the parser, the text of --help and what
 * the manual pages are checked against.
 */
#ifndef OS_OPTIONS_H
#define OS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct option_spec {
	const char *long_name;
	char short_name;      /* '\0' if it has none */
	const char *argument; /* what --help calls it ("DUR"); null if it takes none */
	const char *help;     /* lines of up to 69 characters */
	unsigned scope;       /* bits that say where it is valid; see options_parse */
};

/* An option to be applied: which of the table it is, and its argument or null. */
typedef bool options_apply_fn(void *context, size_t index, const char *argument);

struct options {
	const char *program; /* how messages name the program: "timesync query" */
	const struct option_spec *table;
	size_t n;
	unsigned scope; /* only entries with one of these bits are valid */
};

/*
 * Parse argv[1..]: options and operands in any order, "--" ends the options. Calls `apply` for each
 * option, in order. The operands are left in argv[return value..argc). -1 when an option is
 * unknown, lacks its argument or has one too many, when an argument that is called FILE or PATH is
 * empty, or when `apply` says false; all but the last are reported on stderr (`apply` reports its
 * own).
 */
int options_parse(const struct options *o, int argc, char **argv, options_apply_fn *apply,
		  void *context);

/* List the valid options, one a line. */
void options_help(const struct options *o, FILE *out);

/* Report on stderr that `argument` of option `index` is wrong: what it must be. Returns false. */
bool options_bad(const struct options *o, size_t index, const char *argument, const char *must_be);

#endif
