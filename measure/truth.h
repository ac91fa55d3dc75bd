/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The true offset, where it can be known: the server serves a clock that is at hand, this machine's
 * system clock or a clock file, and so does the local clock show a map of the same system clock. It
 * is the user who knows what the server serves.
 */
#ifndef MEASURE_TRUTH_H
#define MEASURE_TRUTH_H

#include "os/clock.h"

struct truth {
	struct clock *server, *local;
	ts_ns opened;     /* system clock */
	dur_ns at_opened; /* server's clock minus local clock then */
};

/*
 * The server serves the clock file `name`, or this machine's system clock if that is "system";
 * `local` must outlive it. Released with truth_close. 0, or -errno with *why as of clock_file_open.
 */
int truth_open(struct truth *t, const char *name, struct clock *local, const char **why);

/*
 * Server's clock minus local clock at the instant when the local clock showed `at`, within 2 ns.
 * False when either has been adjusted since truth_open: what they showed then is not known.
 */
bool truth_at(const struct truth *t, ts_ns at, dur_ns *offset);

void truth_close(struct truth *t);

/* The time of the system clock when the local clock, as it is set now, showed `at`. */
ts_ns truth_system_time(struct clock *local, ts_ns at);

#endif
