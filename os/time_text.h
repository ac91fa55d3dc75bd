/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Calendar time in words, and a step of a clock as the log has it.
 */
#ifndef OS_TIME_TEXT_H
#define OS_TIME_TEXT_H

#include <stdbool.h>

#include "core/ts.h"

#define TIME_TEXT_MAX 80

/*
 * "2026-11-21 14:03:05.123456789 UTC", or without the fraction, which is cut off; "unknown" if the
 * C library knows no such date. Returns buf.
 */
const char *time_text(ts_ns t, bool fraction, char buf[TIME_TEXT_MAX]);

#define TIME_TEXT_STEP_MAX (2 * TIME_TEXT_MAX + 16)

/* "from A to B": what a clock showed that shows `now`, and was stepped by that a moment ago. */
const char *time_text_step(ts_ns now, dur_ns by, char buf[TIME_TEXT_STEP_MAX]);

#endif
