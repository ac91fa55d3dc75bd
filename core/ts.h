/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Times: the two kinds that the program has, in types that cannot be mixed.
 */
#ifndef CORE_TS_H
#define CORE_TS_H

#include <stdbool.h>
#include <stdint.h>

/* An instant of a clock that people read: nanoseconds since 1970-01-01T00:00:00Z, POSIX scale. */
typedef int64_t ts_ns;

/* A difference of two instants, or a duration: nanoseconds, signed. */
typedef int64_t dur_ns;

#define NS_PER_SEC INT64_C(1000000000)
#define NS_PER_MS  INT64_C(1000000)
#define NS_PER_US  INT64_C(1000)

/*
 * Timestamps lie in [0, TS_LIMIT).  Within it no difference of two, no sum of two differences
 * and no delay can overflow an int64_t.
 */
#define TS_LIMIT (INT64_C(1) << 62)

static inline bool ts_valid(ts_ns t)
{
	return t >= 0 && t < TS_LIMIT;
}

/*
 * An instant of the monotonic clock, for deadlines, timers and ages only. It goes on while the
 * machine is suspended; it comes from one place (clock_mono).
 */
struct mono {
	int64_t ns;
};

/* `m` moved by `d`. */
static inline struct mono mono_add(struct mono m, dur_ns d)
{
	return (struct mono){ .ns = m.ns + d };
}

/* How long after `earlier` the instant `later` comes; negative when it comes before. */
static inline dur_ns mono_since(struct mono later, struct mono earlier)
{
	return later.ns - earlier.ns;
}

#endif
