/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A limit on how often each of any number of callers may call, in memory of a fixed size.
 *
 * An address can be forged, so somebody else may use up a caller's tokens. A random share of the
 * calls without a token is let through, so that nobody is shut out altogether (the `leak` of
 * chrony's ratelimit).
 *
 * Each caller has a bucket of `burst` tokens that fills at the rate allowed, kept as one instant
 * (the generic cell rate algorithm, ITU-T I.371): when the bucket will be full again. When the
 * table has no place left for a caller, the one with the fullest bucket is forgotten, as that costs
 * the least.
 */
#ifndef CORE_RATELIMIT_H
#define CORE_RATELIMIT_H

#include <stdbool.h>

#include "core/siphash.h"
#include "core/ts.h"

#define RATELIMIT_KEY_SIZE 17
#define RATELIMIT_SETS     1024
#define RATELIMIT_WAYS     4
/* One in this many calls without a token leaks. */
#define RATELIMIT_LEAK 4

struct ratelimit_entry {
	uint8_t key[RATELIMIT_KEY_SIZE];
	struct mono full_at;
};

struct ratelimit {
	dur_ns interval; /* between two tokens */
	dur_ns burst;    /* the time in which an empty bucket fills */
	struct siphash_key key;
	uint64_t random; /* the state of the random choice of calls that leak */
	struct ratelimit_entry entries[RATELIMIT_SETS][RATELIMIT_WAYS];
};

/*
 * Allow each caller `per_second` calls a second, and `burst` at once; both from 1 to 1,000,000.
 * `seed` is to be random, so that nobody can choose the callers that share a place, or foresee what
 * leaks.
 */
void ratelimit_init(struct ratelimit *r, int64_t per_second, int64_t burst, uint64_t seed);

/* Whether the caller may call at `now`; if so, its token is taken. */
bool ratelimit_take(struct ratelimit *r, const uint8_t key[RATELIMIT_KEY_SIZE], struct mono now);

/* Whether a call that found no token is let through all the same: one in RATELIMIT_LEAK is. */
bool ratelimit_leak(struct ratelimit *r);

#endif
