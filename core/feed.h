/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Which polls to feed to another daemon that gives every sample the same weight: only those of
 * synchronised servers, and none that is much worse than usual. Pure.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/ts.h"

#define FEED_REMEMBERED 16
#define FEED_TIMES      4 /* a bound of this many times the usual one is far above it */

struct feed_poll {
	bool synchronised; /* most of the servers that were believed say that they are */
	bool leap_known;   /* their leap second status can be passed on */
	dur_ns max_error;  /* the bound of the measurement, >= 0 */
};

enum feed_verdict {
	FEED_SEND,
	FEED_UNSYNCHRONISED, /* the servers are not synchronised */
	FEED_LEAP_UNKNOWN,
	FEED_WIDE, /* its bound is far above the usual */
};

/* The bounds of the last polls. All zeros is an empty one. */
struct feed {
	dur_ns bounds[FEED_REMEMBERED];
	size_t seen; /* ever */
};

/*
 * Judge a poll and remember its bound. The usual bound is the median of the last FEED_REMEMBERED
 * bounds before it, dropped polls included: a path that has become worse is usual after half of
 * them. A bound above FEED_TIMES the usual one is wide. The first poll is never wide. With
 * `allow_unsynchronised` the status of the servers and of leap seconds is ignored.
 */
enum feed_verdict feed_judge(struct feed *f, const struct feed_poll *poll,
			     bool allow_unsynchronised);

/* The usual bound; INT64_MAX before the first poll. */
dur_ns feed_usual(const struct feed *f);

#endif
