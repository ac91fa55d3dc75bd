/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "measure/fields.h"
#include "os/options.h"
#include "os/stdio.h"

#define PAGE_MAX 64

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
	printf("\n'%s VERB --help' lists the options of each. %s\n", program,
	       page_of(program, page));
	return STATUS_DONE;
}

/* Long enough for the names of ours. */
#define NAMES_MAX 200

static int complain(const struct verb *table, const char *program, const char *name)
{
	char names[NAMES_MAX] = "";

	for (const struct verb *v = table; v->help; v++) {
		strncat(names, " ", sizeof(names) - strlen(names) - 1);
		strncat(names, v->name, sizeof(names) - strlen(names) - 1);
	}
	if (name && name[0] == '-') {
		stdio_complain(program,
			       "unknown option '%s', or an option that belongs after a verb; the "
			       "verbs are:%s "
			       "(see '%s --help')",
			       name, names, program);
	} else if (name) {
		stdio_complain(program, "unknown verb '%s'; the verbs are:%s (see '%s --help')",
			       name, names, program);
	} else {
		stdio_complain(program, "a verb is missing; the verbs are:%s (see '%s --help')",
			       names, program);
	}
	return STATUS_USAGE;
}

int verbs_run(const struct verb *table, const char *program, const char *about, int argc,
	      char **argv)
{
	const char *name = argc > 1 ? argv[1] : NULL;

	if (!name) {
		return complain(table, program, NULL);
	}
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0) {
		return help(table, program, about);
	}
	if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0) {
		puts("timesync " TIMESYNC_VERSION);
		return STATUS_DONE;
	}
	for (const struct verb *v = table; v->help; v++) {
		if (strcmp(v->name, name) == 0) {
			return v->run(argc - 1, argv + 1);
		}
	}
	return complain(table, program, name);
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
