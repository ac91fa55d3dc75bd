/* SPDX-License-Identifier: BSD-3-Clause */
#include "print/words.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/arith.h"
#include "core/printable.h"

#define NS     UINT64_C(1)
#define US     (1000 * NS)
#define MS     (1000 * US)
#define SECOND (1000 * MS)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)
#define DAY    (24 * HOUR)

/* The unit of the last digit when `n` ns are written for people. */
static uint64_t last_digit(uint64_t n)
{
	if (n < MS) {
		return NS;
	}
	if (n < 2 * MINUTE) {
		return US;
	}
	return n < 2 * HOUR ? SECOND : n < 2 * DAY ? MINUTE : HOUR;
}

/* `n` ns, a multiple of their last digit. */
static const char *write_duration(uint64_t n, char buf[WORDS_MAX])
{
	if (n < US) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 " ns", n);
	} else if (n < MS) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 ".%03" PRIu64 " us", n / US, n % US);
	} else if (n < SECOND) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 ".%03" PRIu64 " ms", n / MS, n % MS / US);
	} else if (n < 2 * MINUTE) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 ".%06" PRIu64 " s", n / SECOND,
			 n % SECOND / US);
	} else if (n < 2 * HOUR) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 " min %" PRIu64 " s", n / MINUTE,
			 n % MINUTE / SECOND);
	} else if (n < 2 * DAY) {
		snprintf(buf, WORDS_MAX, "%" PRIu64 " h %" PRIu64 " min", n / HOUR,
			 n % HOUR / MINUTE);
	} else {
		snprintf(buf, WORDS_MAX, "%" PRIu64 " days %" PRIu64 " h", n / DAY, n % DAY / HOUR);
	}
	return buf;
}

const char *words_duration(dur_ns d, char buf[WORDS_MAX])
{
	const uint64_t n = arith_magnitude(d), digit = last_digit(n);

	return write_duration((n + digit / 2) / digit * digit, buf);
}

const char *words_bound(dur_ns max_error, char buf[WORDS_MAX])
{
	const uint64_t n = arith_magnitude(max_error), digit = last_digit(n);

	if (max_error == INT64_MAX) {
		snprintf(buf, WORDS_MAX, "unknown");
		return buf;
	}
	return write_duration((n + digit - 1) / digit * digit, buf);
}

/* `n` in a unit of up to a second, without zeros at its end. */
static void write_exactly(uint64_t n, uint64_t unit, const char *name, char *buf, size_t size)
{
	char fraction[24];
	size_t digits;

	snprintf(fraction, sizeof(fraction), ".%09" PRIu64, n % unit * (SECOND / unit));
	digits = strlen(fraction);
	while (digits > 0 && (fraction[digits - 1] == '0' || fraction[digits - 1] == '.')) {
		digits--;
	}
	snprintf(buf, size, "%" PRIu64 "%.*s %s", n / unit, (int)digits, fraction, name);
}

/* Hours, minutes and seconds, those that there are. */
static void write_long(uint64_t n, char buf[WORDS_MAX])
{
	size_t len = 0;

	if (n >= HOUR) {
		len = (size_t)snprintf(buf, WORDS_MAX, "%" PRIu64 " h%s", n / HOUR,
				       n % HOUR > 0 ? " " : "");
	}
	if (n % HOUR >= MINUTE) {
		len += (size_t)snprintf(buf + len, WORDS_MAX - len, "%" PRIu64 " min%s",
					n % HOUR / MINUTE, n % MINUTE > 0 ? " " : "");
	}
	if (n % MINUTE > 0) {
		write_exactly(n % MINUTE, SECOND, "s", buf + len, WORDS_MAX - len);
	}
}

const char *words_limit(dur_ns d, char buf[WORDS_MAX])
{
	const uint64_t n = arith_magnitude(d);

	if (n >= 2 * MINUTE) {
		write_long(n, buf);
	} else if (n >= SECOND) {
		write_exactly(n, SECOND, "s", buf, WORDS_MAX);
	} else if (n >= MS) {
		write_exactly(n, MS, "ms", buf, WORDS_MAX);
	} else if (n >= US) {
		write_exactly(n, US, "us", buf, WORDS_MAX);
	} else {
		write_exactly(n, NS, "ns", buf, WORDS_MAX);
	}
	return buf;
}

const char *words_age(dur_ns d, char buf[WORDS_MAX])
{
	const uint64_t n = d > 0 ? (uint64_t)d : 0, tenths = n / (100 * MS);

	if (n >= 2 * MINUTE) {
		return words_duration(d, buf);
	}
	snprintf(buf, WORDS_MAX, "%" PRIu64 ".%" PRIu64 " s", tenths / 10, tenths % 10);
	return buf;
}

const char *words_offset(dur_ns offset, char buf[WORDS_MAX])
{
	char amount[WORDS_MAX];

	if (offset == 0) {
		snprintf(buf, WORDS_MAX, "exactly right");
	} else {
		words_duration(offset, amount);
		snprintf(buf, WORDS_MAX, "%.60s %s", amount, offset > 0 ? "slow" : "fast");
	}
	return buf;
}

const char *words_seconds(dur_ns d, char buf[WORDS_MAX])
{
	const uint64_t n = arith_magnitude(d);

	snprintf(buf, WORDS_MAX, "%s%" PRIu64 ".%09" PRIu64, d < 0 ? "-" : "", n / SECOND,
		 n % SECOND);
	return buf;
}

const char *words_ppm(int64_t ppb, char buf[WORDS_MAX])
{
	const uint64_t n = arith_magnitude(ppb);

	snprintf(buf, WORDS_MAX, "%s%" PRIu64 ".%03" PRIu64, ppb < 0 ? "-" : "", n / 1000,
		 n % 1000);
	return buf;
}

const char *words_rate(int64_t rate_ppb, char buf[WORDS_MAX])
{
	char ppm[WORDS_MAX];

	if (rate_ppb == 0) {
		snprintf(buf, WORDS_MAX, "right");
	} else {
		words_ppm(arith_abs(rate_ppb), ppm);
		snprintf(buf, WORDS_MAX, "%.40s ppm %s", ppm, rate_ppb > 0 ? "slow" : "fast");
	}
	return buf;
}

const char *words_path(const char *path, char buf[WORDS_PATH_MAX])
{
	return printable_copy(buf, WORDS_PATH_MAX, path);
}

const char *words_date(ts_ns t, char buf[WORDS_MAX])
{
	return time_text(t, false, buf);
}

const char *words_time(ts_ns t, char buf[WORDS_MAX])
{
	return time_text(t, true, buf);
}
