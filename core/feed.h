/*
 * What is worth being fed to another daemon that believes each sample the same: not what nobody
 * vouches for, and not a measurement that is far worse than they usually are. Pure.
 */
#ifndef CORE_FEED_H
#define CORE_FEED_H

#include <stdbool.h>
#include <stddef.h>

#include "core/ts.h"

#define FEED_REMEMBERED 16
#define FEED_TIMES      4 /* so many times the usual bound is far above it */

struct feed_poll {
	bool synchronised; /* most of the servers that were believed say that they are */
	bool leap_known;   /* what they say of a leap second can be handed on */
	dur_ns max_error;  /* the bound of the measurement, >= 0 */
};

enum feed_verdict {
	FEED_SEND,
	FEED_UNSYNCHRONISED, /* nobody vouches for the servers' time */
	FEED_LEAP_UNKNOWN,
	FEED_WIDE, /* its bound is far above the usual */
};

/* The bounds of the last polls. All zeros is an empty one. */
struct feed {
	dur_ns bounds[FEED_REMEMBERED];
	size_t seen; /* ever */
};

/*
 * Judge a poll, and remember its bound. Usual is the median of the last FEED_REMEMBERED bounds
 * before it, those left out as well, so that a path which has become worse for good is the usual
 * one after half of them; what is more than FEED_TIMES that is wide. Of the first poll nobody can
 * tell. With `allow_unsynchronised` the servers' word on themselves and on leap seconds does not
 * matter.
 */
enum feed_verdict feed_judge(struct feed *f, const struct feed_poll *poll,
			     bool allow_unsynchronised);

/* The usual bound; INT64_MAX before the first poll. */
dur_ns feed_usual(const struct feed *f);

#endif
