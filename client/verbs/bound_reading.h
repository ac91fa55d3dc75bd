/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The time with its bound, as `now` and `wait` print it, and a look at the clock beside it.
 */
#ifndef CLIENT_VERBS_BOUND_READING_H
#define CLIENT_VERBS_BOUND_READING_H

#include "core/bound.h"
#include "os/clock.h"

struct bound_reading {
	struct bound_interval interval; /* the true time at the first of two moments */
	ts_ns shown;                    /* what the clock showed between them */
	dur_ns clock_error;             /* how far from the true time that was at most;
					   INT64_MAX: unknown */
};

/* Open the clock file, or the system clock if that is null. 0, or -errno with *why set. */
int bound_reading_open(struct clock **clock, const char *clock_file, const char **why);

/*
 * Read both. 0, or -errno when nobody has published anything that can be read: -ENOENT when nothing
 * was ever published.
 */
int bound_reading_take(struct bound_reading *out, struct clock *clock, const char *clock_file);

/* Half the width of the interval, rounded up; INT64_MAX if the true time is unknown. */
dur_ns bound_reading_error(const struct bound_reading *r);

/* Print it, for people or as JSON. */
void bound_reading_print(const struct bound_reading *r, bool json);

/*
 * Report the -errno of bound_reading_take, on stderr and to programs if `json`. Returns the exit
 * status.
 */
int bound_reading_refuse(const char *program, bool json, const char *clock_file, int error);

#endif
