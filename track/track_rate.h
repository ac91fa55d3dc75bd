/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The drift file of track: the rate is read at the start and saved at the end. If the file cannot
 * be used, track warns and keeps time without it.
 */
#ifndef TRACK_TRACK_RATE_H
#define TRACK_TRACK_RATE_H

#include <stdbool.h>

#include "track/drift_file.h"

struct track_rate {
	const char *program; /* for messages */
	const char *path;    /* null: there is no drift file */
	bool foreign;        /* it has, or may have, other contents: do not overwrite it */
	int complained;      /* the last -errno reported; 0: none */
};

/*
 * Read the saved rate; *known is false if there is none. Returns an exit status: STATUS_DONE to go
 * on, possibly after a warning; any other, after a message, if `path` cannot be a drift file.
 */
int track_rate_begin(struct track_rate *r, const char *program, const char *path, bool *known,
		     struct drift_file_rate *rate);

/* Save the rate. A failure is reported once. */
void track_rate_save(struct track_rate *r, const struct drift_file_rate *rate);

#endif
