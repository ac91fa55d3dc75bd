/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/guess.h"
#include "measure/fields.h"
#include "os/options.h"
#include "os/stdio.h"

#define PAGE_MAX 64
#define HELP     "help" /* the verb that each table has besides */

/* The last line of --help: "See timesync-clock(1).", for "timesync clock show". Returns `buf`. */
static const char *page_of(const char *program, char buf[PAGE_MAX])
{
	const size_t first = strcspn(program, " ");

	if (program[first]) {
		snprintf(buf, PAGE_MAX, "See %.*s-%.*s(1).", (int)first, program,
			 (int)strcspn(program + first + 1, " "), program + first + 1);
	} else {
		snprintf(buf, PAGE_MAX, "See %s(1).", program);
	}
	return buf;
}

static int help(const struct verb *table, const char *program, const char *about)
{
	char page[PAGE_MAX];

	printf("Usage: %s VERB [OPTION]... [ARGUMENT]...\n%s\n\n", program, about);
	for (const struct verb *v = table; v->help; v++) {
		printf("  %-10s %s\n", v->name, v->help);
	}
	printf("\n'%s help VERB' lists the options of each. %s\n", program, page_of(program, page));
	return STATUS_DONE;
}

/* Long enough for the names of ours. */
#define NAMES_MAX 200

/* Which verbs there are, as the end of a sentence. Returns `buf`. */
static const char *all_names(const struct verb *table, const char *program, char buf[NAMES_MAX])
{
	size_t n = (size_t)snprintf(buf, NAMES_MAX, "the verbs are:");

	for (const struct verb *v = table; v->help && n < NAMES_MAX; v++) {
		n += (size_t)snprintf(buf + n, NAMES_MAX - n, " %s", v->name);
	}
	if (n < NAMES_MAX) {
		snprintf(buf + n, NAMES_MAX - n, " (see '%s help')", program);
	}
	return buf;
}

/* The verb that was probably meant; or null. */
static const char *guess_verb(const struct verb *table, const char *name)
{
	struct guess guess;

	guess_begin(&guess, name, strlen(name));
	for (const struct verb *v = table; v->help; v++) {
		guess_try(&guess, v->name);
	}
	guess_try(&guess, HELP);
	return guess_end(&guess);
}

static int complain(const struct verb *table, const char *program, const char *name)
{
	char names[NAMES_MAX];
	const char *meant = name ? guess_verb(table, name) : NULL;

	all_names(table, program, names);
	if (!name) {
		stdio_complain(program, "a verb is missing; %s", names);
	} else if (name[0] == '-') {
		stdio_complain(program,
			       "unknown option '%s', or an option that belongs after a verb; %s",
			       name, names);
	} else if (meant) {
		stdio_complain(program, "unknown verb '%s'; did you mean '%s'? (see '%s help')",
			       name, meant, program);
	} else {
		stdio_complain(program, "unknown verb '%s'; %s", name, names);
	}
	return STATUS_USAGE;
}

static const struct verb *find(const struct verb *table, const char *name)
{
	for (const struct verb *v = table; v->help; v++) {
		if (strcmp(v->name, name) == 0) {
			return v;
		}
	}
	return NULL;
}

/* `help`, `help VERB` and, where a verb has verbs of its own, `help VERB VERB`. */
static int help_on(const struct verb *table, const char *program, const char *about, int argc,
		   char **argv)
{
	static char option[] = "--help";
	const struct verb *verb = argc > 1 ? find(table, argv[1]) : NULL;
	char *words[] = { argv[1], argc > 2 ? argv[2] : option, argc > 2 ? option : NULL, NULL };

	if (argc <= 1) {
		return help(table, program, about);
	}
	if (argc > 3) {
		stdio_complain(program, "'%s' is one argument too many; see '%s help'", argv[3],
			       program);
		return STATUS_USAGE;
	}
	return verb ? verb->run(argc > 2 ? 3 : 2, words) : complain(table, program, argv[1]);
}

int verbs_run(const struct verb *table, const char *program, const char *about, int argc,
	      char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;
	const struct verb *verb;

	if (!name) {
		return complain(table, program, NULL);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		return help(table, program, about);
	}
	if (strcmp(name, HELP) == 0) {
		return help_on(table, program, about, argc - 1, argv + 1);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("timesync " TIMESYNC_VERSION);
		return STATUS_DONE;
	}
	verb = find(table, name);
	return verb ? verb->run(argc - 1, argv + 1) : complain(table, program, name);
}

int verbs_parse(const struct options *options, int argc, char **argv, char ***operands)
{
	struct options o = *options;
	char page[PAGE_MAX];

	o.ending = page_of(o.program, page);
	switch (options_parse(&o, argc, argv, operands)) {
	case OPTIONS_RUN:
		return STATUS_GO_ON;
	case OPTIONS_DONE:
		return STATUS_DONE;
	case OPTIONS_WRONG:
		break;
	}
	return STATUS_USAGE;
}

/* There may be a path in it. */
#define WHY_MAX 5000

int verbs_refuse(const char *program, bool json, int status, const char *format, ...)
{
	char why[WHY_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(why, sizeof(why), format, args);
	va_end(args);
	stdio_complain(program, "%s", why);
	if (json) {
		fields_print_error(why);
	}
	return status;
}

int verbs_status(int error)
{
	return error == -EACCES || error == -EPERM || error == -EROFS ? STATUS_NO_PERMISSION
								      : STATUS_USAGE;
}
