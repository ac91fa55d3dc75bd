/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Command-line options as rows of tables: a row says how the option is written, what its argument
 * is and where that goes. The table is at once the parser, the defaults, the text of --help and
 * what the manual pages are checked against.
 */
#ifndef OS_OPTIONS_H
#define OS_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What an option takes, and the type of the place that it is put into. */
enum option_type {
	OPTION_FLAG,     /* nothing; a bool becomes true */
	OPTION_NO,       /* nothing; a bool becomes false */
	OPTION_SET,      /* nothing; an int becomes `least`. Two of one place exclude each other */
	OPTION_TEXT,     /* a const char *: the argument itself, no copy */
	OPTION_INT,      /* an int64_t in [least, most] */
	OPTION_UNSIGNED, /* the same, an unsigned */
	OPTION_SIZE,     /* the same, a size_t */
	OPTION_PORT,     /* a uint16_t from 1 to 65535 */
	OPTION_DURATION, /* a dur_ns in [least, most] */
	OPTION_RANGE,    /* two of these, one behind the other: "4s..64s", or "4s" for both */
	OPTION_PPM,      /* an int64_t of parts per billion in [least, most] */
	OPTION_CHOICE,   /* an int: the value of the choice of that name */
	OPTION_OTHER,    /* what `read` makes of it */
	OPTION_VERSION,  /* nothing: the version is printed */
};

struct option_choice {
	const char *name; /* null ends a list */
	int value;
};

struct option_given;

/* Read the argument of an option. False after option_bad has said what it must be. */
typedef bool option_read_fn(const struct option_given *given);

struct option_row {
	const char *name;
	char letter;          /* '\0' if it has none */
	const char *argument; /* what --help calls it ("DUR"); null if it takes none */
	const char *help;     /* lines of up to 69 characters; null: the choices */
	unsigned scope;       /* bits that say where it is valid; see struct options */
	enum option_type type;
	size_t place;          /* offset in the record, by offsetof */
	int64_t standard;      /* the default; 0: none, or what the record has, but of a choice */
	int64_t standard_most; /* of a range: `standard` is its least */
	int64_t least, most;   /* of a number; both 0: any. What `read` makes of them */
	const char *must_be;   /* what a number must be; null: what type and range say */
	const struct option_choice *choices;
	option_read_fn *read;
	size_t given;   /* offset of a bool that becomes true when it is given; 0: none */
	bool only_argv; /* it has no meaning in a file */
};

/* A table, and what its places are in. */
struct option_part {
	const struct option_row *rows;
	size_t n;
	void *record;
};

#define OPTION_PART(rows, record)                              \
	{                                                      \
		rows, sizeof(rows) / sizeof((rows)[0]), record \
	}
#define OPTION_PARTS 2

/* Say what is wrong with an option. */
typedef void option_say_fn(const char *program, const char *message);

struct options {
	const char *program;  /* how messages name the program: "timesync query" */
	const char *operands; /* "FILE": one; "[HOST]": one or none; "[HOST]...": any; null: none */
	const char *about;    /* what --help begins with: lines that are sentences */
	const char *ending;   /* and what it ends with; or null */
	unsigned scope;       /* only rows with one of these bits are valid */
	struct option_part parts[OPTION_PARTS];
	option_say_fn *say; /* null: stdio_complain */
};

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
 * kept, not copied, and `where` the place, "FILE:LINE: ". False after saying what is wrong.
 */
bool options_take(const struct options *o, const char *where, const char *name, const char *text);

/* Say that the argument is wrong: what it must be. Returns false. */
bool option_bad(const struct option_given *given, const char *must_be);

#endif
