/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A line on stderr that says how far a measurement is. Only on a terminal, only when it takes more
 * than a moment, and gone in the end.
 */
#ifndef MEASURE_PROGRESS_H
#define MEASURE_PROGRESS_H

#include <pthread.h>
#include <stddef.h>

#include "core/ts.h"

struct progress {
	pthread_mutex_t
		lock; /* of all that changes: several servers are measured by as many threads */
	bool wanted;  /* stderr is a terminal */
	bool shown;
	struct mono next; /* when it may be written again */
	const char *host; /* null: several */
	size_t servers;
	unsigned exchanges, done, lost;
};

/* Of that many servers; the host, which must outlive it, is named if it is the only one. */
void progress_begin(struct progress *p, const char *host, size_t servers, struct mono now);

/* So many more exchanges are wanted. As with all below, `p` may be null: nobody is told. */
void progress_expect(struct progress *p, unsigned exchanges);

/* One has been done, or lost. */
void progress_count(struct progress *p, bool done, struct mono now);

/* Leave the line as if nothing had been there. */
void progress_end(struct progress *p);

#endif
