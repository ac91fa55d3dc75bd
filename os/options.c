/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/options.h"

#include <getopt.h>
#include <string.h>

#include "core/parse.h"
#include "os/stdio.h"

#define MAX_OPTIONS 48
/* getopt's value for an option is this plus its index in the table. */
#define FIRST_VALUE 256

struct tables {
	struct option longs[MAX_OPTIONS + 1];
	char shorts[2 * MAX_OPTIONS + 2];
};

/* getopt's tables from ours. */
static void make_tables(const struct options *o, struct tables *t)
{
	size_t n_long = 0, n_short = 0;

	memset(t, 0, sizeof(*t));
	t->shorts[n_short++] = ':'; /* tell a missing argument from an unknown option */
	for (size_t i = 0; i < o->n && n_long < MAX_OPTIONS; i++) {
		const struct option_spec *spec = &o->table[i];

		if (!(spec->scope & o->scope)) {
			continue;
		}
		t->longs[n_long++] = (struct option){
			.name = spec->long_name,
			.has_arg = spec->argument ? required_argument : no_argument,
			.val = FIRST_VALUE + (int)i,
		};
		if (spec->short_name) {
			t->shorts[n_short++] = spec->short_name;
			if (spec->argument) {
				t->shorts[n_short++] = ':';
			}
		}
	}
}

static int index_of(const struct options *o, int value)
{
	if (value >= FIRST_VALUE) {
		return value - FIRST_VALUE;
	}
	for (size_t i = 0; i < o->n; i++) {
		if ((o->table[i].scope & o->scope) && o->table[i].short_name == value) {
			return (int)i;
		}
	}
	return -1;
}

static void report(const struct options *o, const char *what, char **argv)
{
	/* getopt has moved on behind a long option, but stands within a cluster of short ones. */
	if (optopt == 0 || optopt >= FIRST_VALUE) {
		stdio_complain(o->program, "%s '%s'; see '%s --help'", what, argv[optind - 1],
			       o->program);
	} else if (optopt > ' ' && optopt < 0x7f) {
		stdio_complain(o->program, "%s '-%c'; see '%s --help'", what, optopt, o->program);
	} else { /* not ASCII: negative where char is signed */
		stdio_complain(o->program, "%s '-\\x%02x'; see '%s --help'", what,
			       (unsigned)optopt & 0xff, o->program);
	}
}

/* An empty name is what an unset variable of the shell leaves; no file has it. */
static bool lacks_name(const struct option_spec *spec, const char *argument)
{
	return argument && argument[0] == '\0' &&
	       (strcmp(spec->argument, "FILE") == 0 || strcmp(spec->argument, "PATH") == 0);
}

int options_parse(const struct options *o, int argc, char **argv, options_apply_fn *apply,
		  void *context)
{
	struct tables t;
	int value;

	make_tables(o, &t);
	opterr = 0;
	optind = 0; /* start anew: verbs parse their own part of the command line */
	while ((value = getopt_long(argc, argv, t.shorts, t.longs, NULL)) != -1) {
		int i;

		if (value == ':') {
			report(o, "an argument is missing behind", argv);
			return -1;
		}
		i = value == '?' ? -1 : index_of(o, value);
		if (i < 0) {
			report(o, "unknown or misused option", argv);
			return -1;
		}
		if (lacks_name(&o->table[i], optarg)) {
			(void)options_bad(o, (size_t)i, optarg, "the name of a file");
			return -1;
		}
		if (!apply(context, (size_t)i, optarg)) {
			return -1;
		}
	}
	return optind;
}

static bool takes_duration(const struct option_spec *spec)
{
	return spec->argument && strstr(spec->argument, "DUR");
}

/* Print the lines of a text below each other, the first one after `left`. */
static void print_column(const char *left, const char *text, FILE *out)
{
	for (;;) {
		const size_t n = strcspn(text, "\n");

		fprintf(out, "  %-28s %.*s\n", left, (int)n, text);
		if (text[n] == '\0') {
			return;
		}
		text += n + 1;
		left = "";
	}
}

void options_help(const struct options *o, FILE *out)
{
	bool durations = false;

	for (size_t i = 0; i < o->n; i++) {
		const struct option_spec *spec = &o->table[i];
		char left[64];
		char brief[8] = "    ";

		if (!(spec->scope & o->scope)) {
			continue;
		}
		if (spec->short_name) {
			snprintf(brief, sizeof(brief), "-%c, ", spec->short_name);
		}
		snprintf(left, sizeof(left), "%s--%s%s%s", brief, spec->long_name,
			 spec->argument ? " " : "", spec->argument ? spec->argument : "");
		print_column(left, spec->help, out);
		durations |= takes_duration(spec);
	}
	if (durations) {
		fputs("\nDUR is a number with a unit, " PARSE_DURATION_UNITS
		      "; without one it is in seconds.\n",
		      out);
	}
}

bool options_bad(const struct options *o, size_t index, const char *argument, const char *must_be)
{
	const struct option_spec *spec = &o->table[index];

	stdio_complain(o->program, "--%s '%s': must be %s%s", spec->long_name, argument, must_be,
		       takes_duration(spec) ? " (in " PARSE_DURATION_UNITS ")" : "");
	return false;
}
