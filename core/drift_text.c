/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drift_text.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

#include "core/drift_limits.h"

#define BLANKS " \t\r\n"

/* The text that is left to read. */
struct rest {
	const char *at, *end;
};

static bool is_digit(const struct rest *r)
{
	return r->at < r->end && *r->at >= '0' && *r->at <= '9';
}

static bool take(struct rest *r, const char *text)
{
	const size_t len = strlen(text);

	if ((size_t)(r->end - r->at) < len || memcmp(r->at, text, len) != 0) {
		return false;
	}
	r->at += len;
	return true;
}

static void skip(struct rest *r, const char *blanks)
{
	while (r->at < r->end && *r->at != '\0' && strchr(blanks, *r->at)) {
		r->at++;
	}
}

/* The digits after a point, added as ppb: three of them, rounded by the fourth. */
static bool take_fraction(struct rest *r, int64_t *ppb)
{
	int64_t tenths = 0; /* of a ppb */
	int64_t place = 1000;

	if (!is_digit(r)) {
		return false;
	}
	for (; is_digit(r); r->at++) {
		tenths += (*r->at - '0') * place;
		place /= 10;
	}
	*ppb += (tenths + 5) / 10;
	return true;
}

/* [+-]DIGITS[.DIGITS], in ppm. */
static bool take_ppm(struct rest *r, int64_t *ppb)
{
	const bool negative = take(r, "-");
	int64_t n = 0;

	if (!negative) {
		(void)take(r, "+");
	}
	if (!is_digit(r)) {
		return false;
	}
	for (; is_digit(r); r->at++) {
		n = n > DRIFT_NAMED_PPB ? n : n * 10 + (*r->at - '0') * INT64_C(1000);
	}
	if (take(r, ".") && !take_fraction(r, &n)) {
		return false;
	}
	*ppb = negative ? -n : n;
	return n <= DRIFT_NAMED_PPB;
}

struct rate {
	int64_t ppb, chance_ppb;
};

/*
 * Take the rest after the number: our standard deviation, or chronyd's, which shows that the number
 * is chronyd's, too. False if there is anything else.
 */
static bool take_chance(struct rest *r, struct rate *rate)
{
	if (take(r, "ppm")) {
		skip(r, " \t");
		if (!take(r, "+/-")) {
			return true;
		}
		skip(r, " \t");
		return take_ppm(r, &rate->chance_ppb) && rate->chance_ppb >= 0;
	}
	if (!is_digit(r)) {
		return true;
	}
	rate->ppb = -rate->ppb;
	return take_ppm(r, &rate->chance_ppb);
}

static int read_rate(struct rest *r, struct rate *rate)
{
	if (!take_ppm(r, &rate->ppb)) {
		return -EINVAL;
	}
	skip(r, " \t"); /* but no end of a line: a number on the next is not chronyd's error */
	if (!take_chance(r, rate)) {
		return -EINVAL;
	}
	skip(r, BLANKS);
	return r->at < r->end ? -EINVAL : 0;
}

int drift_text_read(const char *text, size_t len, int64_t *rate_ppb, int64_t *chance_ppb)
{
	struct rest r = { text, text + len };
	bool padded = false;
	struct rate rate = { .chance_ppb = DRIFT_WANDER_PPB };
	int rc;

	while (r.end > r.at && r.end[-1] == '\0') {
		r.end--;
		padded = true;
	}
	(void)take(&r, "\xef\xbb\xbf");
	skip(&r, BLANKS);
	if (r.at == r.end) {
		return -ENODATA;
	}
	rc = read_rate(&r, &rate);
	if (rc == 0 && padded) {
		return -ENODATA;
	}
	if (rc == 0) {
		*rate_ppb = rate.ppb;
		*chance_ppb = rate.chance_ppb > 0 ? rate.chance_ppb : 1;
	}
	return rc;
}
