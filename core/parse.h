/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Strict parsers for user input: all of the text must be used, ranges are checked, and nothing is
 * written to `out` unless the result is 0.
 */
#ifndef CORE_PARSE_H
#define CORE_PARSE_H

#include "core/ts.h"

/*
 * A number in all of them is written in decimal, with digits on both sides of a point if there is
 * one ("0.5", not ".5" or "5."), and has no sign but '-', no exponent, no separator and no spaces.
 */

/*
 * A duration: "2.5s", "-150ms", "3us", "10ns", "2min", "1h", in lower-case ASCII ("us" is the only
 * spelling of microseconds); a bare number is seconds. Digits after the point that do not stand for
 * whole nanoseconds must be zeros. 0, -EINVAL for anything else, -ERANGE when |duration| is
 * TS_LIMIT or more.
 */
int parse_duration(const char *text, dur_ns *out);

#define PARSE_DURATION_UNITS "ns, us, ms, s, min or h" /* in words, for messages */

/*
 * "4s" or "4s..64s": two durations, the first of them no longer than the second. 0, -EINVAL or
 * -ERANGE.
 */
int parse_duration_range(const char *text, dur_ns *least, dur_ns *most);

/* An integer in [min, max]. 0, -EINVAL or -ERANGE. */
int parse_int(const char *text, int64_t min, int64_t max, int64_t *out);

/*
 * A frequency error in parts per million, "50", "-0.25", "50ppm", as parts per billion (digits
 * finer than that must be zeros). 0, -EINVAL, or -ERANGE when |ppm| exceeds 100000.
 */
int parse_ppm(const char *text, int64_t *ppb_out);

#define PARSE_HOST_MAX 255 /* octets of a domain name, RFC 1035 section 2.3.4 */

struct parse_host {
	char name[PARSE_HOST_MAX + 1]; /* without brackets; never empty */
	uint16_t port;                 /* 0 when none was given */
};

/*
 * "HOST", "HOST:PORT", "V4:PORT", "[V6]", "[V6]:PORT" or a bare "V6" (with "%ifname" if it has one;
 * two colons make it one, so a port needs the brackets). Only the characters are checked: letters,
 * digits, '-', '.' and '_' in a name, which does not begin with '-' or '.' and is not only a
 * number, which would be a port after a space; whether such a host exists is for the resolver to
 * say. 0, or -EINVAL (also for port 0, an unmatched bracket or an empty host), -ERANGE for a port
 * above 65535, -ENAMETOOLONG.
 */
int parse_host(const char *text, struct parse_host *out);

#endif
