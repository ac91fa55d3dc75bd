/* SPDX-License-Identifier: BSD-3-Clause */
/* The rows of a program's options, and --help, which prints them; os/options.h reads by them. */
#ifndef OS_OPTION_ROWS_H
#define OS_OPTION_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/ts.h"

/* The kind of an option's value, and the type of the place that it is put into. */
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
	const char *help;     /* words, which --help breaks into lines; null: the choices */
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

/* Report the fault of an option. */
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

/* --- for os/options.c --- */

#define OPTION_TEXT_MAX 160

/* That of --help, which every program has. */
extern const struct option_row option_help_row;

/* The row of that number, through all tables, and at last --help; null behind it. */
const struct option_row *option_row_at(const struct options *o, size_t number, void **record);

/* The next valid row from *number on, which is moved behind it; null when there is none. */
const struct option_row *option_row_next(const struct options *o, size_t *number, void **record);

bool option_takes_duration(const struct option_row *row);
bool option_has_default(const struct option_row *row);

/* Whether two records differ in what this option has set; never for OPTION_OTHER. */
bool option_differs(const struct option_row *row, const void *a, const void *b);

/* "1h", "10min", "60s", "500ms". Returns buf. */
const char *option_duration_text(dur_ns d, char buf[OPTION_TEXT_MAX]);

/* "udp or tcp". Returns buf. */
const char *option_choices_text(const struct option_choice *choices, char buf[OPTION_TEXT_MAX]);

void options_print_help(const struct options *o);

#endif
