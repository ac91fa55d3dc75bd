/*
 * The rate that track begins with and leaves behind, in its drift file; and what is said when that
 * file cannot be used, which keeps nobody from keeping time.
 */
#ifndef CLIENT_TRACK_RATE_H
#define CLIENT_TRACK_RATE_H

#include <stdbool.h>
#include <stdint.h>

struct track_rate {
	const char *program; /* for messages */
	const char *path;    /* null: there is no drift file */
	bool foreign;        /* something else is in it, or may be: it is left alone */
	int complained;      /* the -errno that was told last; 0: none */
};

/*
 * Read the rate that was saved: *known says whether there was one. An exit status: STATUS_DONE to
 * go on, also with a warning; anything else, after saying why, when `path` names what can be no
 * drift file.
 */
int track_rate_begin(struct track_rate *r, const char *program, const char *path, bool *known,
		     int64_t *rate_ppb);

/* Save it. A failure is told, but only once. */
void track_rate_save(struct track_rate *r, int64_t rate_ppb);

#endif
