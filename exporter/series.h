/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Metrics as text for Prometheus (its exposition format, version 0.0.4): the head of a metric, then
 * each of its series, with at least one label, and a value.
 */
#ifndef EXPORTER_SERIES_H
#define EXPORTER_SERIES_H

#include <stdint.h>
#include <stdio.h>

/* The head: `type` is "gauge" or "counter". */
void series_head(FILE *out, const char *name, const char *type, const char *help);

/* A series with its first label, and further ones; the values may have any octets. */
void series_begin(FILE *out, const char *name, const char *label, const char *value);
void series_label(FILE *out, const char *label, const char *value);

/* Its value: a number, or billionths of the unit, such as nanoseconds, or ppb of a ratio. */
void series_count(FILE *out, uint64_t value);
void series_billionths(FILE *out, int64_t value);

#endif
