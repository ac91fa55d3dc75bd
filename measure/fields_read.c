/* SPDX-License-Identifier: BSD-3-Clause */
#include "measure/fields_read.h"

#include <stdio.h>

#include "core/parse.h"

#define NUMBER_MAX 64

/* A number, in decimal with that many places. */
static bool number_text(const json_t *object, const char *key, int places, char buf[NUMBER_MAX])
{
	const json_t *value = json_object_get(object, key);
	const int n = snprintf(buf, NUMBER_MAX, "%.*f", places, json_number_value(value));

	return json_is_number(value) && n < NUMBER_MAX;
}

bool fields_read_seconds(const json_t *object, const char *key, dur_ns *out)
{
	char text[NUMBER_MAX];

	return number_text(object, key, 9, text) && parse_duration(text, out) == 0;
}

bool fields_read_size(const json_t *object, const char *key, dur_ns *out)
{
	return fields_read_seconds(object, key, out) && *out >= 0;
}

bool fields_read_bound(const json_t *object, const char *key, dur_ns *out)
{
	if (json_is_null(json_object_get(object, key))) {
		*out = INT64_MAX;
		return true;
	}
	return fields_read_size(object, key, out);
}

bool fields_read_ppm(const json_t *object, const char *key, int64_t *out_ppb)
{
	dur_ns millionths; /* a thousandth of a ppm is 1 ppb; it may be more than a clock can have
			    */

	if (!fields_read_seconds(object, key, &millionths)) {
		return false;
	}
	*out_ppb = millionths / NS_PER_MS;
	return *out_ppb > -NS_PER_SEC && *out_ppb < NS_PER_SEC;
}

bool fields_read_count(const json_t *object, const char *key, int64_t *out)
{
	const json_t *value = json_object_get(object, key);

	*out = json_integer_value(value);
	return json_is_integer(value) && *out >= 0;
}

bool fields_read_time(const json_t *object, const char *key, ts_ns *out)
{
	return fields_read_count(object, key, out) && ts_valid(*out);
}

const char *fields_read_name(const json_t *object, const char *key)
{
	const char *name = json_string_value(json_object_get(object, key));

	return name ? name : "";
}
