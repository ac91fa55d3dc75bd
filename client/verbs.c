/* SPDX-License-Identifier: BSD-3-Clause */
#include "client/verbs.h"

#include <stdio.h>
#include <string.h>

#include "os/stdio.h"

/* The length of the first two words of "timesync clock show". */
static size_t page_length(const char *program)
{
	const size_t first = strcspn(program, " ");

	return program[first] ? first + 1 + strcspn(program + first + 1, " ") : first;
}

/* "timesync-clock" for "timesync clock show". */
static void print_page(const char *program)
{
	const size_t n = page_length(program);

	for (size_t i = 0; i < n; i++) {
		putchar(program[i] == ' ' ? '-' : program[i]);
	}
	printf("(1).\n");
}

void verbs_print_page(const char *program)
{
	printf("\nSee ");
	print_page(program);
}

static int help(const struct verb *table, const char *program, const char *about)
{
	printf("Usage: %s VERB [OPTION]... [ARGUMENT]...\n%s\n\n", program, about);
	for (const struct verb *v = table; v->help; v++) {
		printf("  %-10s %s\n", v->name, v->help);
	}
	printf("\n'%s VERB --help' lists the options of each. See ", program);
	print_page(program);
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
