/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/parse.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

#include "core/drift_limits.h"

#define DIGITS  "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

/* A decimal number as typed: [-]DIGITS[.DIGITS]SUFFIX, cut up but not yet computed. */
struct decimal {
	bool negative;
	const char *whole, *fraction;
	size_t whole_digits, fraction_digits; /* at least one, and 0 without a point */
	const char *suffix;                   /* all that follows; "" if nothing does */
};

static bool decimal_split(const char *text, struct decimal *out)
{
	struct decimal d = { .negative = text[0] == '-' };

	d.whole = text + (d.negative ? 1 : 0);
	d.whole_digits = strspn(d.whole, DIGITS);
	if (d.whole_digits == 0) {
		return false;
	}
	d.suffix = d.whole + d.whole_digits;
	if (d.suffix[0] == '.') {
		d.fraction = d.suffix + 1;
		d.fraction_digits = strspn(d.fraction, DIGITS);
		if (d.fraction_digits == 0) {
			return false;
		}
		d.suffix = d.fraction + d.fraction_digits;
	}
	*out = d;
	return true;
}

/* The digits before the point, times `unit`. 0, or -ERANGE when that is more than `limit`. */
static int whole_value(const struct decimal *d, uint64_t unit, uint64_t limit, uint64_t *out)
{
	uint64_t most = limit / unit;
	uint64_t n = 0;

	for (size_t i = 0; i < d->whole_digits; i++) {
		uint64_t digit = (uint64_t)(d->whole[i] - '0');
		if (digit > most || n > (most - digit) / 10) {
			return -ERANGE;
		}
		n = n * 10 + digit;
	}
	*out = n * unit;
	return 0;
}

/*
 * The digits after the point, times `unit`: less than `unit`. 0, or -EINVAL when a digit other than
 * zero stands where `unit` can no longer be divided by ten.
 */
static int fraction_value(const struct decimal *d, uint64_t unit, uint64_t *out)
{
	uint64_t place = unit;
	uint64_t sum = 0;

	for (size_t i = 0; i < d->fraction_digits; i++) {
		uint64_t digit = (uint64_t)(d->fraction[i] - '0');
		if (place % 10 != 0) {
			place = 0;
		}
		place /= 10;
		if (place == 0 && digit != 0) {
			return -EINVAL;
		}
		sum += digit * place;
	}
	*out = sum;
	return 0;
}

/* -2^63 has no positive twin, so the sign is turned modulo 2^64. */
static int64_t with_sign(bool negative, uint64_t magnitude)
{
	return (int64_t)(negative ? 0 - magnitude : magnitude);
}

/* The number times `unit`. 0, -EINVAL as fraction_value, -ERANGE when |it| is above `limit`. */
static int decimal_value(const struct decimal *d, uint64_t unit, uint64_t limit, int64_t *out)
{
	uint64_t whole;
	uint64_t fraction;

	/* The fraction first, so that a malformed number is never called out of range. */
	int error = fraction_value(d, unit, &fraction);
	if (!error) {
		error = whole_value(d, unit, limit, &whole);
	}
	if (error) {
		return error;
	}
	if (fraction > limit - whole) {
		return -ERANGE;
	}
	*out = with_sign(d->negative, whole + fraction);
	return 0;
}

static const struct {
	const char *name;
	uint64_t ns;
} units[] = {
	{ "", NS_PER_SEC },         { "s", NS_PER_SEC }, { "ms", NS_PER_MS },
	{ "us", NS_PER_US },        { "ns", 1 },         { "min", 60 * NS_PER_SEC },
	{ "h", 3600 * NS_PER_SEC },
};

int parse_duration(const char *text, dur_ns *out)
{
	struct decimal d;

	if (!decimal_split(text, &d)) {
		return -EINVAL;
	}
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (strcmp(d.suffix, units[i].name) == 0) {
			return decimal_value(&d, units[i].ns, TS_LIMIT - 1, out);
		}
	}
	return -EINVAL;
}

int parse_int(const char *text, int64_t min, int64_t max, int64_t *out)
{
	struct decimal d;
	int64_t value;

	if (!decimal_split(text, &d) || d.fraction || d.suffix[0] != '\0') {
		return -EINVAL;
	}
	uint64_t limit = (uint64_t)INT64_MAX + (d.negative ? 1 : 0);
	int error = decimal_value(&d, 1, limit, &value);
	if (error) {
		return error;
	}
	if (value < min || value > max) {
		return -ERANGE;
	}
	*out = value;
	return 0;
}

#define RANGE_PART_MAX 40

int parse_duration_range(const char *text, dur_ns *least, dur_ns *most)
{
	const char *dots = strstr(text, "..");
	const size_t len = dots ? (size_t)(dots - text) : strlen(text);
	char first[RANGE_PART_MAX];
	dur_ns from, to;
	int rc;

	if (len >= sizeof(first)) {
		return -EINVAL;
	}
	memcpy(first, text, len);
	first[len] = '\0';
	rc = parse_duration(first, &from);
	if (rc == 0) {
		rc = parse_duration(dots ? dots + 2 : first, &to);
	}
	if (rc != 0) {
		return rc;
	}
	if (from > to) {
		return -ERANGE;
	}
	*least = from;
	*most = to;
	return 0;
}

#define PPB_PER_PPM 1000

int parse_ppm(const char *text, int64_t *ppb_out)
{
	struct decimal d;

	if (!decimal_split(text, &d)) {
		return -EINVAL;
	}
	if (d.suffix[0] != '\0' && strcmp(d.suffix, "ppm") != 0) {
		return -EINVAL;
	}
	return decimal_value(&d, PPB_PER_PPM, DRIFT_NAMED_PPB, ppb_out);
}

/*
 * The next two look at `n` characters. The character behind them is of neither set: a NUL, a colon
 * after a name, a bracket after an IPv6 address. An empty text is neither.
 */

/* Whether the characters are those of a domain name or an IPv4 address. */
static bool is_name(const char *s, size_t n)
{
	return strspn(s, LETTERS DIGITS "-._") == n && strspn(s, DIGITS) < n && s[0] != '-' &&
	       s[0] != '.';
}

/* Whether the characters are those of an IPv6 address, with "%ifname" or without. */
static bool is_v6(const char *s, size_t n)
{
	size_t address = strspn(s, DIGITS "abcdefABCDEF:.");
	const char *first = memchr(s, ':', address);

	if (!first || !memchr(first + 1, ':', address - (size_t)(first + 1 - s))) {
		return false;
	}
	if (address == n) {
		return true;
	}
	const char *zone = s + address + 1;
	size_t zone_length = n - address - 1;
	return s[address] == '%' && zone_length > 0 &&
	       strspn(zone, LETTERS DIGITS "-._:") == zone_length;
}

/* Where the host and the port lie in the text. */
struct host_parts {
	const char *name;
	size_t length;
	const char *port; /* NULL when none was given */
	bool v6;
};

static bool split_brackets(const char *text, struct host_parts *out)
{
	const char *close = strchr(text, ']');

	if (!close || (close[1] != '\0' && close[1] != ':')) {
		return false;
	}
	*out = (struct host_parts){
		.name = text + 1,
		.length = (size_t)(close - text - 1),
		.port = close[1] == ':' ? close + 2 : NULL,
		.v6 = true,
	};
	return true;
}

/* One colon comes before a port; more make a bare IPv6 address. */
static void split_colon(const char *text, struct host_parts *out)
{
	const char *colon = strchr(text, ':');
	bool v6 = colon && strchr(colon + 1, ':');
	bool has_port = colon && !v6;

	*out = (struct host_parts){
		.name = text,
		.length = has_port ? (size_t)(colon - text) : strlen(text),
		.port = has_port ? colon + 1 : NULL,
		.v6 = v6,
	};
}

static int parse_port(const char *text, uint16_t *out)
{
	int64_t port;

	if (text[0] == '-') {
		return -EINVAL;
	}
	int error = parse_int(text, 0, UINT16_MAX, &port);
	if (error) {
		return error;
	}
	if (port == 0) {
		return -EINVAL;
	}
	*out = (uint16_t)port;
	return 0;
}

int parse_host(const char *text, struct parse_host *out)
{
	struct host_parts p;
	uint16_t port = 0;

	if (text[0] != '[') {
		split_colon(text, &p);
	} else if (!split_brackets(text, &p)) {
		return -EINVAL;
	}
	if (!(p.v6 ? is_v6(p.name, p.length) : is_name(p.name, p.length))) {
		return -EINVAL;
	}
	int error = p.port ? parse_port(p.port, &port) : 0;
	if (error) {
		return error;
	}
	if (p.length > PARSE_HOST_MAX) {
		return -ENAMETOOLONG;
	}
	*out = (struct parse_host){ .port = port };
	memcpy(out->name, p.name, p.length);
	return 0;
}
