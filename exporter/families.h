/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The metrics of a daemon: those of its server, of its tracker and of the group's member. Their
 * names follow Prometheus' conventions: base units, "_total" for counters.
 */
#ifndef EXPORTER_FAMILIES_H
#define EXPORTER_FAMILIES_H

#include <stdio.h>

#include "exporter/watch.h"

/* Print the series of a metric that one daemon has. */
typedef void family_fn(FILE *out, const char *name, const struct watched *d);

/* The daemons that a metric is of. */
enum family_of {
	OF_ALL,      /* every daemon that is looked for */
	OF_SERVERS,  /* those that answer */
	OF_TRACKERS, /* those that tell of their tracker (--upstream), */
	OF_POLLED,   /* if it has made a poll, */
	OF_MEASURED, /* and if that, or one before, has given a measurement */
	OF_GROUPS,   /* those that should answer as members */
	OF_MEMBERS,  /* those that do */
};

struct family {
	const char *name, *type, *help;
	enum family_of of;
	family_fn *put;
};

/* Each ends with a name that is null. */
extern const struct family server_families[];
extern const struct family tracker_families[];
extern const struct family group_families[];

#endif
