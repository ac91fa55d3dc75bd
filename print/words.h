/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers as people read them, and as programs do.
 */
#ifndef PRINT_WORDS_H
#define PRINT_WORDS_H

#include <stddef.h>

#include "core/ts.h"
#include "os/time_text.h"

/* Long enough for each of these; and for a path. */
#define WORDS_MAX      TIME_TEXT_MAX
#define WORDS_PATH_MAX 4100

/* A duration's size in a fitting unit, rounded: "12.345 us", "2.500012 s", "14 min 3 s". */
const char *words_duration(dur_ns d, char buf[WORDS_MAX]);

/* A bound in the same way, but rounded up, so that it holds; "unknown" for INT64_MAX. */
const char *words_bound(dur_ns max_error, char buf[WORDS_MAX]);

/*
 * A duration that somebody has chosen, exactly and as short as it can be: "5 s", "1.5 ms",
 * "16 min 40 s", "1 h".
 */
const char *words_limit(dur_ns d, char buf[WORDS_MAX]);

/*
 * How long something is ago, or takes, where a tenth of a second is fine enough, cut off: "3.2 s",
 * "14 min 3 s". A negative one is "0.0 s".
 */
const char *words_age(dur_ns d, char buf[WORDS_MAX]);

/* A clock's offset (reference minus clock) in words: "2.5 ms slow", "3 us fast", "exactly right".
 */
const char *words_offset(dur_ns offset, char buf[WORDS_MAX]);

/* Seconds with nanoseconds, "-2.500012345": exact, for programs. */
const char *words_seconds(dur_ns d, char buf[WORDS_MAX]);

/* Parts per billion as parts per million, "-0.250": exact. */
const char *words_ppm(int64_t ppb, char buf[WORDS_MAX]);

/* A clock's rate, by how much it would lose, in words: "12.500 ppm slow", "right". */
const char *words_rate(int64_t rate_ppb, char buf[WORDS_MAX]);

/* The name of a file as far as it can be shown (core/printable.h). */
const char *words_path(const char *path, char buf[WORDS_PATH_MAX]);

/* A calendar date and time without a fraction, which is cut off, "2026-11-21 14:03:05 UTC". */
const char *words_date(ts_ns t, char buf[WORDS_MAX]);

/* A calendar date and time, "2026-11-21 14:03:05.123456789 UTC". */
const char *words_time(ts_ns t, char buf[WORDS_MAX]);

#endif
