#include "client/verbs.h"

#include <stdio.h>
#include <string.h>

static int help(const struct verb *table, const char *program, const char *about)
{
	printf("Usage: %s VERB [OPTION]... [ARGUMENT]...\n%s\n\n", program, about);
	for (const struct verb *v = table; v->help; v++) {
		printf("  %-10s %s\n", v->name, v->help);
	}
	printf("\n'%s VERB --help' says more about each; see timesync(1).\n", program);
	return STATUS_DONE;
}

static int complain(const struct verb *table, const char *program, const char *name)
{
	if (name && name[0] == '-') {
		fprintf(stderr,
			"%s: unknown option '%s', or one that comes behind a verb;"
			" there are:",
			program, name);
	} else if (name) {
		fprintf(stderr, "%s: unknown verb '%s'; there are:", program, name);
	} else {
		fprintf(stderr, "%s: a verb is missing; there are:", program);
	}
	for (const struct verb *v = table; v->help; v++) {
		fprintf(stderr, " %s", v->name);
	}
	fprintf(stderr, " (see '%s --help')\n", program);
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
