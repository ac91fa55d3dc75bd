/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One line of the log that `timesync track` writes.
 */
#ifndef TRACK_TRACK_LINE_H
#define TRACK_TRACK_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/parse.h"
#include "core/summary.h"

/* The packet counts. */
struct track_rounds {
	int64_t sent, received, lost, late, duplicate, discarded; /* >= 0 */
};

/* The verdict on a server. */
struct track_verdict {
	char host[PARSE_HOST_MAX + 1];
	uint16_t port; /* 0: not known */
	bool answered;
	bool outvoted; /* it was against the majority */
};

struct track_line {
	struct summary_poll poll;
	bool rounds_known;
	struct track_rounds rounds;
	size_t n_verdicts;
	struct track_verdict *verdicts; /* null if there is none; owned */
};

/*
 * Read a line of `len` octets. True, with `out` to be released by track_line_free; or false with
 * the fault of the line as a clause in `why`, a static string.
 */
bool track_line_read(struct track_line *out, const char *text, size_t len, const char **why);

void track_line_free(struct track_line *line);

#endif
