/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Jitter: keeps machines that were started at the same time from polling in step.
 */
#ifndef CORE_JITTER_H
#define CORE_JITTER_H

#include "core/arith.h"
#include "core/splitmix.h"
#include "core/ts.h"

/* A pause becomes longer by up to this share of it. */
#define JITTER_SHARE 8

/*
 * A pause of at least `pause` ns, which is not negative, and at random up to an eighth more.
 * `state` is that of core/splitmix.
 */
static inline dur_ns jitter_add(dur_ns pause, uint64_t *state)
{
	const uint64_t most = (uint64_t)pause / JITTER_SHARE;

	return arith_add(pause, (dur_ns)splitmix_below(state, most + 1));
}

#endif
