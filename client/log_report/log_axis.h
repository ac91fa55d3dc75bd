/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by all pictures of logs, for gnuplot: the axis of time, values of time, and bands. */
#ifndef CLIENT_LOG_REPORT_LOG_AXIS_H
#define CLIENT_LOG_REPORT_LOG_AXIS_H

#include <stdio.h>

#include "client/draw/plot.h"
#include "client/draw/scale.h"

/* The axis from `begin` to `end`, of a panel: labelled if it is the last one. */
void log_axis_times(FILE *out, const struct plot_size *size, ts_ns begin, ts_ns end, bool last);

/* A time, and a place on a scale; of an unknown one the mark that gnuplot skips. */
void log_axis_time(FILE *out, ts_ns t);
void log_axis_place(FILE *out, bool known, const struct scale *s, dur_ns value);

/* The axis of values of a panel; `of` says of what. */
void log_axis_values(FILE *out, const struct scale *s, const char *of);

/* "2026-11-21 14:06:42 to 14:13:04 UTC, 6 min 22 s", or less where that must do. Returns `buf`. */
#define LOG_AXIS_SPAN_MAX 200
const char *log_axis_span(ts_ns begin, ts_ns end, bool brief, char buf[LOG_AXIS_SPAN_MAX]);

#endif
