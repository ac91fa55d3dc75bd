/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The log that track or query appends to. It consists of whole lines even if the disk is full, and
 * can be reopened after a rotation. Its writer goes on even if the log cannot be written.
 */
#ifndef TRACK_TRACK_SINK_H
#define TRACK_TRACK_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct track_sink {
	const char *program; /* for messages: "timesync track" */
	const char *goes_on; /* what happens without the log: "the clock is still kept" */
	const char *path;    /* null: there is no log */
	int fd;              /* -1: not open */
	bool torn;           /* the last line in it has no end */
	int complained;      /* the last -errno reported; 0: none */
	size_t lost;         /* lines not written, */
	size_t missing;      /* and of these, since the last written one */
};

/*
 * Open the log. Returns an exit status: STATUS_DONE to go on, possibly after a warning, and each
 * line then tries again; any other, after a message, if `path` cannot be a log.
 */
int track_sink_open(struct track_sink *s, const char *program, const char *goes_on,
		    const char *path);

/* Reopen the log after a rotation. If that fails the old file stays open. */
void track_sink_reopen(struct track_sink *s);

/* Append a line, given without its newline: all or nothing. A failure is reported once. */
void track_sink_write(struct track_sink *s, const char *line);

void track_sink_close(struct track_sink *s);

#endif
