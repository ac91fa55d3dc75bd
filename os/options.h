/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command-line options as rows of tables: a row says how the option is written, what its argument
 * is and where that goes. The table is at once the parser, the defaults, the text of --help and
 * what the manual pages are checked against.
 */
#ifndef OS_OPTIONS_H
#define OS_OPTIONS_H

#include "os/option_rows.h"

/* An option as it was given. */
struct option_given {
	const struct options *options;
	const struct option_row *row;
	void *record;
	const char *text;  /* its argument, or null */
	const char *where; /* "FILE:LINE: ", or null if it is one of argv */
};

static inline void *option_place(const struct option_given *given)
{
	return (char *)given->record + given->row->place;
}

enum options_outcome {
	OPTIONS_RUN,   /* go ahead */
	OPTIONS_DONE,  /* --help, which every program has, or the version has been printed */
	OPTIONS_WRONG, /* the command line is wrong, and that has been said on stderr */
};

/*
 * Put the defaults into the records, then what argv[1..] says: options and operands in any order,
 * "--" ends the options. *operands is then the part of argv with the operands, which a null ends;
 * `operands` may be null if there are none. Wrong is an option that is unknown, lacks its argument,
 * has one too many or one that it does not take; an argument that is called FILE or PATH and is
 * empty; and another number of operands than there has to be.
 */
enum options_outcome options_parse(const struct options *o, int argc, char **argv,
				   char ***operands);

/* The two halves of it. */
void options_defaults(const struct options *o);
enum options_outcome options_arguments(const struct options *o, int argc, char **argv,
				       char ***operands);

/*
 * Take in one option of a file, by its long name; `text` is its argument, "" for none, which is
 * kept, not copied, and `where` the place, "FILE:LINE: ". False after reporting the fault.
 */
bool options_take(const struct options *o, const char *where, const char *name, const char *text);

/* Say that the argument is wrong: what it must be. Returns false. */
bool option_bad(const struct option_given *given, const char *must_be);

#endif
