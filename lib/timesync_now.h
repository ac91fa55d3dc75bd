/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * libtimesync: the time with a bound, for programs. See timesync_now(3).
 *
 *     struct timesync_page *page;
 *     struct timesync_interval now;
 *
 *     if (timesync_open(&page, NULL) == 0 && timesync_now(page, &now) != TIMESYNC_UNKNOWN) {
 *             the true time lies between now.earliest and now.latest
 *     }
 *
 * Link with -ltimesync, or by `pkg-config --cflags --libs libtimesync`.
 */
#ifndef TIMESYNC_NOW_H
#define TIMESYNC_NOW_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A page on which a tracker publishes what it knows of a clock. */
struct timesync_page;

enum timesync_state {
	TIMESYNC_UNKNOWN = 0,      /* the true time can be any: the interval has all of them */
	TIMESYNC_HOLD_OVER = 1,    /* the interval holds, but nothing has been measured of late */
	TIMESYNC_SYNCHRONISED = 2, /* it holds, and is by recent measurements */
};

/* Nanoseconds since 1970-01-01T00:00:00Z, as CLOCK_REALTIME counts them. */
struct timesync_interval {
	int64_t earliest;
	int64_t latest;
};

/*
 * Open the page of the clock file at this path, or of the system clock if that is null. 0, with a
 * page to be released by timesync_close; or -errno: -ENOENT when nothing has ever been published.
 */
int timesync_open(struct timesync_page **page, const char *clock_file);

/*
 * The true time, within an interval. Returns the state, an enum timesync_state. Never fails, blocks
 * or allocates, and reads clocks and memory only. Any number of threads may call it.
 */
int timesync_now(struct timesync_page *page, struct timesync_interval *now);

/* Release a page; null is fine. */
void timesync_close(struct timesync_page *page);

#ifdef __cplusplus
}
#endif

#endif
