/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Saying the same thing seldom: a message that others can cause is not written to a log more often
 * than once in a while.
 */
#ifndef CORE_SELDOM_H
#define CORE_SELDOM_H

#include "core/ts.h"

/* All zeros: never said. */
struct seldom {
	bool said;
	struct mono at;
};

/* Whether it is time to say it, `every` ns at most; if so, it counts as said at `now`. */
static inline bool seldom_is_due(struct seldom *s, struct mono now, dur_ns every)
{
	if (s->said && mono_since(now, s->at) < every) {
		return false;
	}
	*s = (struct seldom){ .said = true, .at = now };
	return true;
}

#endif
