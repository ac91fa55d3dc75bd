/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/arith.h"
#include "core/guess.h"
#include "core/parse.h"
#include "os/option_rows.h"
#include "os/stdio.h"

/* More than any program has. --help is the last, and would be unknown if there were not room for
 * all. */
#define MAX_OPTIONS 96
/* getopt's value for an option is this plus its number. */
#define FIRST_VALUE 256

#define MUST_BE_MAX (3 * OPTION_TEXT_MAX) /* with two durations */
#define MESSAGE_MAX 8000                  /* as stdio_complain prints at most */

__attribute__((format(printf, 2, 3))) static void complain(const struct options *o,
							   const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (o->say) {
		o->say(o->program, message);
	} else {
		stdio_complain(o->program, "%s", message);
	}
}

/* --- reading arguments ------------------------------------------------------------------------ */

bool option_bad(const struct option_given *g, const char *must_be)
{
	complain(g->options, "%s%s '%s': must be %s%s", g->where ? g->where : "--", g->row->name,
		 g->text, must_be,
		 option_takes_duration(g->row) ? " (in " PARSE_DURATION_UNITS ")" : "");
	return false;
}

/* Put a number into its place, of that type. */
static void put(const struct option_row *row, void *record, int64_t n)
{
	void *place = (char *)record + row->place;

	switch ((int)row->type) {
	case OPTION_SET:
	case OPTION_CHOICE:
		memcpy(place, &(int){ (int)n }, sizeof(int)); /* or an enum */
		break;
	case OPTION_UNSIGNED:
		*(unsigned *)place = (unsigned)n;
		break;
	case OPTION_SIZE:
		*(size_t *)place = (size_t)n;
		break;
	case OPTION_PORT:
		*(uint16_t *)place = (uint16_t)n;
		break;
	default:
		*(int64_t *)place = n;
	}
}

static int64_t least_of(const struct option_row *row)
{
	return row->type == OPTION_PORT            ? 1
	       : row->least == 0 && row->most == 0 ? INT64_MIN
						   : row->least;
}

static int64_t most_of(const struct option_row *row)
{
	return row->type == OPTION_PORT            ? UINT16_MAX
	       : row->least == 0 && row->most == 0 ? INT64_MAX
						   : row->most;
}

/* In whole hours: the longest duration that can be told from a longer one. */
#define LONGEST ((TS_LIMIT - 1) / (3600 * NS_PER_SEC) * (3600 * NS_PER_SEC))

static dur_ns longest_of(const struct option_row *row)
{
	return arith_min(most_of(row), LONGEST);
}

/* How a refused duration must be. `negative`: it had a minus; `rc`, `d`: from parsing it. */
static const char *duration_must_be(const struct option_row *row, bool negative, int rc, dur_ns d,
				    char buf[MUST_BE_MAX])
{
	const bool is_one = rc != -EINVAL;
	const bool too_long = is_one && !negative && (rc == -ERANGE || d > longest_of(row));
	char least[OPTION_TEXT_MAX], most[OPTION_TEXT_MAX];

	option_duration_text(longest_of(row), most);
	if (is_one && row->least > 1) {
		snprintf(buf, MUST_BE_MAX, "a duration from %s to %s",
			 option_duration_text(row->least, least), most);
	} else if (too_long) {
		snprintf(buf, MUST_BE_MAX, "at most %s", most);
	} else if (is_one && least_of(row) < 0) {
		snprintf(buf, MUST_BE_MAX, "at least -%s", most);
	} else if (least_of(row) < 0) {
		return "a duration such as 2.5s, -150ms or 3us";
	} else if (row->least == 0) {
		return "a duration such as 10s or 500ms";
	} else {
		return "a positive duration such as 2.5s, 150ms or 3us";
	}
	return buf;
}

static bool is_negative(const char *text)
{
	return text && text[0] == '-';
}

static bool read_duration(const struct option_given *g)
{
	const struct option_row *row = g->row;
	char buf[MUST_BE_MAX];
	dur_ns d = 0;
	const int rc = parse_duration(g->text, &d);

	if (rc != 0 || d < least_of(row) || d > longest_of(row)) {
		return option_bad(g, duration_must_be(row, is_negative(g->text), rc, d, buf));
	}
	put(row, g->record, d);
	return true;
}

static void put_range(const struct option_row *row, void *record, dur_ns least, dur_ns most)
{
	dur_ns *place = (void *)((char *)record + row->place);

	place[0] = least;
	place[1] = most;
}

static bool read_range(const struct option_given *g)
{
	const struct option_row *row = g->row;
	char least[OPTION_TEXT_MAX], most[OPTION_TEXT_MAX], must[MUST_BE_MAX];
	dur_ns from, to;

	if (parse_duration_range(g->text, &from, &to) == 0 && from >= row->least &&
	    to <= row->most) {
		put_range(row, g->record, from, to);
		return true;
	}
	snprintf(must, sizeof(must),
		 "a duration from %s to %s, or two, the shorter first, such as 4s..64s",
		 option_duration_text(row->least, least), option_duration_text(row->most, most));
	return option_bad(g, must);
}

static bool read_number(const struct option_given *g)
{
	const struct option_row *row = g->row;
	const int64_t least = least_of(row), most = most_of(row);
	char buf[OPTION_TEXT_MAX];
	int64_t n;
	const bool huge = parse_int(g->text, INT64_MIN, INT64_MAX, &n) == -ERANGE;

	if (parse_int(g->text, least, most, &n) == 0) {
		put(row, g->record, n);
		return true;
	}
	if (row->type == OPTION_PORT) {
		snprintf(buf, sizeof(buf), "a port from 1 to 65535");
	} else if (most == INT64_MAX && !huge) {
		snprintf(buf, sizeof(buf), "a whole number from %" PRId64, least);
	} else {
		snprintf(buf, sizeof(buf), "a whole number from %" PRId64 " to %" PRId64, least,
			 most);
	}
	return option_bad(g, buf);
}

static bool read_ppm(const struct option_given *g)
{
	int64_t ppb;

	if (parse_ppm(g->text, &ppb) != 0 || ppb < least_of(g->row) || ppb > most_of(g->row)) {
		return option_bad(g, g->row->must_be
					     ? g->row->must_be
					     : "parts per million such as 50 or -0.25, at most "
					       "100000");
	}
	put(g->row, g->record, ppb);
	return true;
}

static bool read_choice(const struct option_given *g)
{
	char buf[OPTION_TEXT_MAX];

	for (const struct option_choice *c = g->row->choices; g->text && c->name; c++) {
		if (strcmp(g->text, c->name) == 0) {
			put(g->row, g->record, c->value);
			return true;
		}
	}
	return option_bad(g, option_choices_text(g->row->choices, buf));
}

/* "-4" or "--step". */
static const char *written(const struct option_row *row, char buf[OPTION_TEXT_MAX])
{
	if (row->letter) {
		snprintf(buf, OPTION_TEXT_MAX, "-%c", row->letter);
	} else {
		snprintf(buf, OPTION_TEXT_MAX, "--%s", row->name);
	}
	return buf;
}

/* Set the place, unless another option has set it to something else. */
static bool read_set(const struct option_given *g)
{
	char one[OPTION_TEXT_MAX], other[OPTION_TEXT_MAX];
	const struct option_row *row;
	size_t number = 0;
	void *record;
	int now;

	memcpy(&now, option_place(g), sizeof(now));
	while ((row = option_row_next(g->options, &number, &record)) != NULL) {
		if (row->type == OPTION_SET && row->place == g->row->place && row != g->row &&
		    row->least == now && record == g->record) {
			const bool first = row < g->row;

			complain(g->options, "%s%s and %s exclude each other",
				 g->where ? g->where : "", written(first ? row : g->row, one),
				 written(first ? g->row : row, other));
			return false;
		}
	}
	put(g->row, g->record, g->row->least);
	return true;
}

/* An empty name is what an unset variable of the shell leaves; no file has it. */
static bool lacks_name(const struct option_given *g)
{
	return g->row->argument && g->text[0] == '\0' &&
	       (strcmp(g->row->argument, "FILE") == 0 || strcmp(g->row->argument, "PATH") == 0);
}

static bool read_option(const struct option_given *g)
{
	if (lacks_name(g)) {
		return option_bad(g, "the name of a file");
	}
	if (g->row->given != 0) {
		*(bool *)((char *)g->record + g->row->given) = true;
	}
	switch (g->row->type) {
	case OPTION_FLAG:
	case OPTION_NO:
		*(bool *)option_place(g) = g->row->type == OPTION_FLAG;
		return true;
	case OPTION_SET:
		return read_set(g);
	case OPTION_TEXT:
		*(const char **)option_place(g) = g->text;
		return true;
	case OPTION_INT:
	case OPTION_UNSIGNED:
	case OPTION_SIZE:
	case OPTION_PORT:
		return read_number(g);
	case OPTION_DURATION:
		return read_duration(g);
	case OPTION_RANGE:
		return read_range(g);
	case OPTION_PPM:
		return read_ppm(g);
	case OPTION_CHOICE:
		return read_choice(g);
	case OPTION_OTHER:
		return g->row->read(g);
	case OPTION_VERSION:
		break;
	}
	return true;
}

/* --- the command line ------------------------------------------------------------------------- */

struct tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 2];
};

/* getopt's tables from ours. */
static void make_tables(const struct options *o, struct tables *t)
{
	size_t n_long = 0, n_short = 0, number = 0;
	const struct option_row *row;
	void *record;

	memset(t, 0, sizeof(*t));
	t->shorts[n_short++] = ':'; /* tell a missing argument from an unknown option */
	while ((row = option_row_next(o, &number, &record)) != NULL && n_long < MAX_OPTIONS) {
		t->longs[n_long++] = (struct option){
			.name = row->name,
			.has_arg = row->argument ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)number - 1,
		};
		if (row->letter) {
			t->shorts[n_short++] = row->letter;
			if (row->argument) {
				t->shorts[n_short++] = ':';
			}
		}
	}
}

/* The option that getopt has found; false if it is none of ours. */
static bool find(const struct options *o, int value, struct option_given *out)
{
	size_t number = 0;

	*out = (struct option_given){ .options = o, .text = optarg };
	if (value >= FIRST_VALUE) {
		out->row = option_row_at(o, (size_t)(value - FIRST_VALUE), &out->record);
		return true;
	}
	while ((out->row = option_row_next(o, &number, &out->record)) != NULL) {
		if (out->row->letter == value) {
			return true;
		}
	}
	return false;
}

/* The option whose name was probably meant, of those that a file may have or of all; or null. */
static const char *guess_option(const struct options *o, const char *name, size_t length, bool file)
{
	const struct option_row *row;
	struct guess guess;
	size_t number = 0;
	void *record;

	guess_begin(&guess, name, length);
	while ((row = option_row_next(o, &number, &record)) != NULL) {
		if (!file || (!row->only_argv && row != &option_help_row)) {
			guess_try(&guess, row->name);
		}
	}
	return guess_end(&guess);
}

/* A long option that is unknown, or lacks its argument, or has one too many. */
static void report_long(const struct options *o, const char *what, const char *text)
{
	const size_t length = strcspn(text, "=");
	const char *meant = length > 2 ? guess_option(o, text + 2, length - 2, false) : NULL;

	if (meant && (strlen(meant) != length - 2 || strncmp(meant, text + 2, length - 2) != 0)) {
		complain(o, "%s '%s'; did you mean '--%s'? (see '%s --help')", what, text, meant,
			 o->program);
	} else {
		complain(o, "%s '%s'; see '%s --help'", what, text, o->program);
	}
}

static enum options_outcome report(const struct options *o, const char *what, char **argv)
{
	/* getopt has moved on behind a long option, but stands within a cluster of short ones. */
	if (optopt == 0 || optopt >= FIRST_VALUE) {
		report_long(o, what, argv[optind - 1]);
	} else if (optopt > ' ' && optopt < 0x7f) {
		complain(o, "%s '-%c'; see '%s --help'", what, optopt, o->program);
	} else { /* not ASCII: negative where char is signed */
		complain(o, "%s '-\\x%02x'; see '%s --help'", what, (unsigned)optopt & 0xff,
			 o->program);
	}
	return OPTIONS_WRONG;
}

static void set_default(const struct option_row *row, void *record)
{
	if (row->type == OPTION_RANGE) {
		put_range(row, record, row->standard, row->standard_most);
	} else {
		put(row, record, row->standard);
	}
}

/* All of them, and those of this scope last: an option may have a default of its own there. */
void options_defaults(const struct options *o)
{
	const struct option_row *row;
	void *record;

	for (int pass = 0; pass < 2; pass++) {
		for (size_t i = 0; (row = option_row_at(o, i, &record)) != NULL; i++) {
			if (option_has_default(row) && (pass == 0 || (row->scope & o->scope))) {
				set_default(row, record);
			}
		}
	}
}

/* Whether there are as many operands as there have to be; says so if not. */
static bool check_operands(const struct options *o, char *const *given)
{
	const bool any = o->operands && strstr(o->operands, "...");
	const bool needed = o->operands && o->operands[0] != '[';
	const char *beyond = !o->operands ? given[0] : given[0] ? given[1] : NULL;

	if (needed && (!given[0] || given[0][0] == '\0')) {
		complain(o, "%s is missing; see '%s --help'", o->operands, o->program);
		return false;
	}
	if (beyond && !any) {
		complain(o, "'%s' is one argument too many; see '%s --help'", beyond, o->program);
		return false;
	}
	return true;
}

enum options_outcome options_arguments(const struct options *o, int argc, char **argv,
				       char ***operands)
{
	bool help = false, version = false;
	struct option_given g;
	struct tables t;
	int value;

	make_tables(o, &t);
	opterr = 0;
	optind = 0; /* start anew: verbs parse their own part of the command line */
	while ((value = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		if (value == ':') {
			return report(o, "an argument is missing behind", argv);
		}
		if (value == '?' || !find(o, value, &g)) {
			return report(o, "unknown or misused option", argv);
		}
		help |= g.row == &option_help_row;
		version |= g.row->type == OPTION_VERSION;
		if (g.row != &option_help_row && !read_option(&g)) {
			return OPTIONS_WRONG;
		}
	}
	if (help) {
		options_print_help(o);
	} else if (version) {
		printf("%s " TIMESYNC_VERSION "\n", o->program);
	}
	if (help || version) {
		return OPTIONS_DONE;
	}
	if (operands) {
		*operands = argv + optind;
	}
	return check_operands(o, argv + optind) ? OPTIONS_RUN : OPTIONS_WRONG;
}

enum options_outcome options_parse(const struct options *o, int argc, char **argv, char ***operands)
{
	options_defaults(o);
	return options_arguments(o, argc, argv, operands);
}

/* --- a file ----------------------------------------------------------------------------------- */

bool options_take(const struct options *o, const char *where, const char *name, const char *text)
{
	struct option_given g = { .options = o, .where = where };
	size_t number = 0;

	while ((g.row = option_row_next(o, &number, &g.record)) != NULL) {
		if (g.row != &option_help_row && !g.row->only_argv &&
		    strcmp(g.row->name, name) == 0) {
			break;
		}
	}
	if (!g.row) {
		const char *meant = guess_option(o, name, strlen(name), true);

		complain(o, "%sunknown option '%s'%s%s%s; see '%s --help'", where, name,
			 meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "",
			 o->program);
		return false;
	}
	if (g.row->argument && text[0] == '\0') {
		complain(o, "%s%s needs its %s behind it", where, name, g.row->argument);
		return false;
	}
	if (!g.row->argument && text[0] != '\0') {
		complain(o, "%s%s takes nothing behind it, not '%s'", where, name, text);
		return false;
	}
	g.text = g.row->argument ? text : NULL;
	return read_option(&g);
}
