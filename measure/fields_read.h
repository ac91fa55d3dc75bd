/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading fields of the objects that measure/fields.h makes. Each is false when the field is
 * missing, or is not as it is written there.
 */
#ifndef MEASURE_FIELDS_READ_H
#define MEASURE_FIELDS_READ_H

#include <jansson.h>
#include <stdbool.h>

#include "core/ts.h"

/* A duration in seconds, of any sign; and one that is not negative. */
bool fields_read_seconds(const json_t *object, const char *key, dur_ns *out);
bool fields_read_size(const json_t *object, const char *key, dur_ns *out);

/* A size, or null: INT64_MAX then. */
bool fields_read_bound(const json_t *object, const char *key, dur_ns *out);

/* Parts per million, as parts per billion of less than 10^9. */
bool fields_read_ppm(const json_t *object, const char *key, int64_t *out_ppb);

/* A whole number that is not negative; and one that is a valid time. */
bool fields_read_count(const json_t *object, const char *key, int64_t *out);
bool fields_read_time(const json_t *object, const char *key, ts_ns *out);

/* A text, "" if there is none. */
const char *fields_read_name(const json_t *object, const char *key);

#endif
