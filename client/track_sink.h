/*
 * The log that track appends to: whole lines only, whatever becomes of the disk, and in the file
 * that has its name when somebody says that it was rotated. A log that cannot be written keeps
 * nobody from keeping time.
 */
#ifndef CLIENT_TRACK_SINK_H
#define CLIENT_TRACK_SINK_H

#include <stdbool.h>
#include <stddef.h>

struct track_sink {
	const char *program; /* for messages */
	const char *path;    /* null: there is no log */
	int fd;              /* -1: not open */
	bool torn;           /* the last line in it has no end */
	int complained;      /* the -errno that was told last; 0: none */
	size_t lost;         /* lines that are not in it, */
	size_t missing;      /* and of these, since one was */
};

/*
 * Open it. An exit status: STATUS_DONE to go on, also with a warning, and each line tries again;
 * anything else, after saying why, when `path` names something that can be no log.
 */
int track_sink_open(struct track_sink *s, const char *program, const char *path);

/* Open it anew, as somebody may have moved the file. If that fails the old one is kept. */
void track_sink_reopen(struct track_sink *s);

/* Append a line, given without its end: all of it or nothing. A failure is told, but only once. */
void track_sink_write(struct track_sink *s, const char *line);

void track_sink_close(struct track_sink *s);

#endif
