/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Feeding chronyd poll by poll, with the messages for polls that are not fed.
 */
#ifndef TRACK_TRACK_FEED_H
#define TRACK_TRACK_FEED_H

#include "measure/combine.h"
#include "core/feed.h"

/* The fate of a poll. */
enum track_fed {
	TRACK_FED,
	TRACK_FED_NOT_MEASURED,
	TRACK_FED_UNSYNCHRONISED,
	TRACK_FED_LEAP_UNKNOWN,
	TRACK_FED_WIDE,
	TRACK_FED_NO_CHRONYD,
	TRACK_FED_QUEUE_FULL,
	TRACK_FED_FAILED, /* it could not be sent for another reason */
};

struct track_feed {
	const char *program; /* for messages */
	const char *path;    /* of chronyd's socket */
	bool allow_unsynchronised;
	int fd;
	struct feed feed;
	enum track_fed said; /* the last report; TRACK_FED: none, or that all is well */
	size_t fed;          /* polls */
};

/* Begin; there need be no chronyd yet. 0 or -errno, -ENAMETOOLONG of the path. */
int track_feed_open(struct track_feed *f, const char *program, const char *path,
		    bool allow_unsynchronised);

/* Feed chronyd a poll, if that is right. A reason that prevents it is reported once. */
enum track_fed track_feed_poll(struct track_feed *f, const struct combination *c,
			       const struct measure_job *jobs);

/* The fate, as a clause for people, and as a name for programs; static strings. */
const char *track_fed_text(enum track_fed fed);
const char *track_fed_name(enum track_fed fed);

void track_feed_close(struct track_feed *f);

#endif
