/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/options.h"

#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/parse.h"
#include "os/stdio.h"

#define MAX_OPTIONS 48
/* getopt's value for an option is this plus its number. */
#define FIRST_VALUE 256

#define TEXT_MAX 160

static const struct option_row help_row = { "help", 'h',
					    NULL,   "print this and exit",
					    ~0U,    .type = OPTION_FLAG };

/* The row of that number, through all tables, and at last --help; null behind it. */
static const struct option_row *row_at(const struct options *o, size_t number, void **record)
{
	for (size_t i = 0; i < OPTION_PARTS; i++) {
		if (number < o->parts[i].n) {
			*record = o->parts[i].record;
			return &o->parts[i].rows[number];
		}
		number -= o->parts[i].n;
	}
	*record = NULL;
	return number == 0 ? &help_row : NULL;
}

/* The next valid row from *number on, which is moved behind it; null when there is none. */
static const struct option_row *next_row(const struct options *o, size_t *number, void **record)
{
	const struct option_row *row = row_at(o, *number, record);

	while (row && !(row->scope & o->scope)) {
		row = row_at(o, ++*number, record);
	}
	++*number;
	return row;
}

#define MESSAGE_MAX 8000 /* as stdio_complain prints at most */

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

static bool takes_duration(const struct option_row *row)
{
	return row->argument && strstr(row->argument, "DUR");
}

bool option_bad(const struct option_given *g, const char *must_be)
{
	complain(g->options, "%s%s '%s': must be %s%s", g->where ? g->where : "--", g->row->name,
		 g->text, must_be, takes_duration(g->row) ? " (in " PARSE_DURATION_UNITS ")" : "");
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

/* "1h", "10min", "60s", "500ms". */
static const char *duration_text(dur_ns d, char buf[TEXT_MAX])
{
	static const struct {
		dur_ns size;
		const char *name;
	} units[] = {
		{ 3600 * NS_PER_SEC, "h" }, { 60 * NS_PER_SEC, "min" }, { NS_PER_SEC, "s" },
		{ NS_PER_MS, "ms" },        { NS_PER_US, "us" },        { 1, "ns" },
	};
	size_t i = 0;

	while (d % units[i].size != 0 ||
	       (units[i].size == 60 * NS_PER_SEC && d == 60 * NS_PER_SEC)) {
		i++;
	}
	snprintf(buf, TEXT_MAX, "%" PRId64 "%s", d / units[i].size, units[i].name);
	return buf;
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

/* What a duration must be; `d` is one, but for its range, if `is_one`. */
static const char *duration_must_be(const struct option_row *row, bool is_one, dur_ns d,
				    char buf[TEXT_MAX])
{
	char least[TEXT_MAX], most[TEXT_MAX];

	if (is_one && row->least > 1) {
		snprintf(buf, TEXT_MAX, "a duration from %s to %s",
			 duration_text(row->least, least), duration_text(row->most, most));
	} else if (is_one && d > most_of(row)) {
		snprintf(buf, TEXT_MAX, "at most %s", duration_text(row->most, most));
	} else if (least_of(row) < 0) {
		return "a duration such as 2.5s, -150ms or 3us";
	} else if (row->least == 0) {
		return "a duration such as 10s or 500ms";
	} else {
		return "a positive duration such as 2.5s, 150ms or 3us";
	}
	return buf;
}

static bool read_duration(const struct option_given *g)
{
	const struct option_row *row = g->row;
	char buf[TEXT_MAX];
	dur_ns d = 0;
	const bool is_one = parse_duration(g->text, &d) == 0;

	if (!is_one || d < least_of(row) || d > most_of(row)) {
		return option_bad(g, duration_must_be(row, is_one, d, buf));
	}
	put(row, g->record, d);
	return true;
}

static void put_range(const struct option_row *row, void *record, dur_ns least, dur_ns most)
{
	dur_ns *place = (dur_ns *)((char *)record + row->place);

	place[0] = least;
	place[1] = most;
}

static bool read_range(const struct option_given *g)
{
	const struct option_row *row = g->row;
	char least[TEXT_MAX], most[TEXT_MAX], must[3 * TEXT_MAX];
	dur_ns from, to;

	if (parse_duration_range(g->text, &from, &to) == 0 && from >= row->least &&
	    to <= row->most) {
		put_range(row, g->record, from, to);
		return true;
	}
	snprintf(must, sizeof(must), "a duration from %s to %s, or two such as 4s..64s",
		 duration_text(row->least, least), duration_text(row->most, most));
	return option_bad(g, must);
}

static bool read_number(const struct option_given *g)
{
	const struct option_row *row = g->row;
	const int64_t least = least_of(row), most = most_of(row);
	char buf[TEXT_MAX];
	int64_t n;

	if (parse_int(g->text, least, most, &n) == 0) {
		put(row, g->record, n);
		return true;
	}
	if (row->type == OPTION_PORT) {
		snprintf(buf, sizeof(buf), "a port from 1 to 65535");
	} else if (most == INT64_MAX) {
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

/* "udp or tcp". */
static const char *choices_text(const struct option_choice *choices, char buf[TEXT_MAX])
{
	size_t len = 0;

	buf[0] = '\0';
	for (const struct option_choice *c = choices; c->name && len < TEXT_MAX; c++) {
		len += (size_t)snprintf(buf + len, TEXT_MAX - len, "%s%s",
					c == choices ? ""
					: c[1].name  ? ", "
						     : " or ",
					c->name);
	}
	return buf;
}

static bool read_choice(const struct option_given *g)
{
	char buf[TEXT_MAX];

	for (const struct option_choice *c = g->row->choices; c->name; c++) {
		if (strcmp(g->text, c->name) == 0) {
			put(g->row, g->record, c->value);
			return true;
		}
	}
	return option_bad(g, choices_text(g->row->choices, buf));
}

/* "-4" or "--step". */
static const char *written(const struct option_row *row, char buf[TEXT_MAX])
{
	if (row->letter) {
		snprintf(buf, TEXT_MAX, "-%c", row->letter);
	} else {
		snprintf(buf, TEXT_MAX, "--%s", row->name);
	}
	return buf;
}

/* Set the place, unless another option has set it to something else. */
static bool read_set(const struct option_given *g)
{
	char one[TEXT_MAX], other[TEXT_MAX];
	const struct option_row *row;
	size_t number = 0;
	void *record;
	int now;

	memcpy(&now, option_place(g), sizeof(now));
	while ((row = next_row(g->options, &number, &record)) != NULL) {
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
	return g->text && g->text[0] == '\0' &&
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

/* --- help ------------------------------------------------------------------------------------- */

static bool has_default(const struct option_row *row)
{
	return row->standard != 0 || row->type == OPTION_CHOICE;
}

/* " (default: 1s)"; "" where there is none. */
static const char *default_text(const struct option_row *row, char buf[TEXT_MAX])
{
	char value[TEXT_MAX / 2], most[TEXT_MAX];

	if (!has_default(row)) {
		return "";
	}
	switch ((int)row->type) {
	case OPTION_DURATION:
		snprintf(value, sizeof(value), "%s", duration_text(row->standard, buf));
		break;
	case OPTION_RANGE:
		snprintf(value, sizeof(value), "%s..%s", duration_text(row->standard, buf),
			 duration_text(row->standard_most, most));
		break;
	case OPTION_PPM:
		snprintf(value, sizeof(value), "%" PRId64, row->standard / NS_PER_US);
		break;
	case OPTION_CHOICE:
		for (const struct option_choice *c = row->choices; c->name; c++) {
			if (c->value == row->standard) {
				snprintf(value, sizeof(value), "%s", c->name);
			}
		}
		break;
	default:
		snprintf(value, sizeof(value), "%" PRId64, row->standard);
	}
	snprintf(buf, TEXT_MAX, " (default: %s)", value);
	return buf;
}

/* Print the lines of a text below each other, the first one after `left`. */
static void print_column(const char *left, const char *text, const char *ending)
{
	for (;;) {
		const size_t n = strcspn(text, "\n");

		printf("  %-28s %.*s%s\n", left, (int)n, text, text[n] == '\0' ? ending : "");
		if (text[n] == '\0') {
			return;
		}
		text += n + 1;
		left = "";
	}
}

static void print_row(const struct option_row *row)
{
	char left[64], choices[TEXT_MAX], standard[TEXT_MAX];
	char brief[8] = "    ";

	if (row->letter) {
		snprintf(brief, sizeof(brief), "-%c, ", row->letter);
	}
	snprintf(left, sizeof(left), "%s--%s%s%s", brief, row->name, row->argument ? " " : "",
		 row->argument ? row->argument : "");
	print_column(left, row->help ? row->help : choices_text(row->choices, choices),
		     default_text(row, standard));
}

static void print_help(const struct options *o)
{
	const struct option_row *row;
	bool durations = false;
	size_t number = 0;
	void *record;

	printf("Usage: %s [OPTION]...%s%s\n%s\n\n", o->program, o->operands ? " " : "",
	       o->operands ? o->operands : "", o->about);
	while ((row = next_row(o, &number, &record)) != NULL) {
		print_row(row);
		durations |= takes_duration(row);
	}
	if (durations) {
		puts("\nDUR is a number with a unit, " PARSE_DURATION_UNITS
		     "; without one it is in seconds.");
	}
	if (o->ending) {
		printf("\n%s\n", o->ending);
	}
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
	while ((row = next_row(o, &number, &record)) != NULL && n_long < MAX_OPTIONS) {
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
		out->row = row_at(o, (size_t)(value - FIRST_VALUE), &out->record);
		return true;
	}
	while ((out->row = next_row(o, &number, &out->record)) != NULL) {
		if (out->row->letter == value) {
			return true;
		}
	}
	return false;
}

static enum options_outcome report(const struct options *o, const char *what, char **argv)
{
	/* getopt has moved on behind a long option, but stands within a cluster of short ones. */
	if (optopt == 0 || optopt >= FIRST_VALUE) {
		complain(o, "%s '%s'; see '%s --help'", what, argv[optind - 1], o->program);
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
		for (size_t i = 0; (row = row_at(o, i, &record)) != NULL; i++) {
			if (has_default(row) && (pass == 0 || (row->scope & o->scope))) {
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
		help |= g.row == &help_row;
		version |= g.row->type == OPTION_VERSION;
		if (g.row != &help_row && !read_option(&g)) {
			return OPTIONS_WRONG;
		}
	}
	if (help) {
		print_help(o);
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

	while ((g.row = next_row(o, &number, &g.record)) != NULL) {
		if (g.row != &help_row && !g.row->only_argv && strcmp(g.row->name, name) == 0) {
			break;
		}
	}
	if (!g.row) {
		complain(o, "%sunknown option '%s'; see '%s --help'", where, name, o->program);
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
