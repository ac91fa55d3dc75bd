/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/select.h"

#include <errno.h>

/* No two valid times differ by more than this, so intervals are cut there and nothing overflows. */
#define MOST (TS_LIMIT - 1)

struct interval {
	dur_ns low, high;
};

static bool is_usable(const struct select_candidate *c)
{
	return c->offset >= -MOST && c->offset <= MOST && c->max_error >= 0;
}

static struct interval interval_of(const struct select_candidate *c)
{
	return (struct interval){
		.low = c->max_error > c->offset + MOST ? -MOST : c->offset - c->max_error,
		.high = c->max_error > MOST - c->offset ? MOST : c->offset + c->max_error,
	};
}

/* The usable candidates' intervals, and how many. */
static size_t take_votes(struct interval *votes, const struct select_candidate *candidates,
			 size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (is_usable(&candidates[i])) {
			votes[count++] = interval_of(&candidates[i]);
		}
	}
	return count;
}

static size_t covering(dur_ns point, const struct interval *votes, size_t n)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		count += votes[i].low <= point && point <= votes[i].high;
	}
	return count;
}

/*
 * The first and the last point that more than half of the votes cover: the one is the lower end of
 * some vote and the other the upper end of some. False if there are none. *most is how many votes
 * cover the point that most of them cover.
 */
static bool intersect(struct interval *out, size_t *most, const struct interval *votes, size_t n)
{
	*out = (struct interval){ .low = INT64_MAX, .high = INT64_MIN };
	*most = 0;
	for (size_t i = 0; i < n; i++) {
		size_t at_low = covering(votes[i].low, votes, n);
		size_t at_high = covering(votes[i].high, votes, n);

		if (at_low > n / 2 && votes[i].low < out->low) {
			out->low = votes[i].low;
		}
		if (at_high > n / 2 && votes[i].high > out->high) {
			out->high = votes[i].high;
		}
		if (at_low > *most) {
			*most = at_low;
		}
	}
	return out->low <= out->high;
}

static enum select_verdict verdict_on(const struct select_candidate *c, bool majority,
				      const struct interval *truth)
{
	if (!is_usable(c)) {
		return SELECT_UNUSABLE;
	}
	if (!majority) {
		return SELECT_NO_MAJORITY;
	}
	struct interval vote = interval_of(c);
	if (vote.low > truth->high) {
		return SELECT_AHEAD;
	}
	return vote.high < truth->low ? SELECT_BEHIND : SELECT_TRUECHIMER;
}

static dur_ns clip(dur_ns offset, const struct interval *to)
{
	if (offset < to->low) {
		return to->low;
	}
	return offset > to->high ? to->high : offset;
}

static bool better(const struct select_candidate *a, const struct select_candidate *b)
{
	return a->max_error != b->max_error ? a->max_error < b->max_error : a->offset < b->offset;
}

/*
 * The truechimers, the best first, their offsets clipped. They are sorted because the order in
 * which doubles are summed matters, and the order of the candidates must not.
 */
static size_t take_truechimers(struct select_candidate *sorted, const struct select_result *r,
			       const struct select_candidate *candidates, size_t n)
{
	const struct interval truth = { .low = r->low, .high = r->high };
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (r->verdict[i] != SELECT_TRUECHIMER) {
			continue;
		}
		struct select_candidate c = candidates[i];
		size_t at = count++;
		c.offset = clip(c.offset, &truth);
		for (; at > 0 && better(&c, &sorted[at - 1]); at--) {
			sorted[at] = sorted[at - 1];
		}
		sorted[at] = c;
	}
	return count;
}

/*
 * Summed as differences from the best, which no other outweighs: so the result is no more than
 * (n-1)/n of the width of the interval away from it, and fits.
 */
static dur_ns weighted_mean(const struct select_candidate *sorted, size_t n)
{
	dur_ns least_error = sorted[(n - 1) / 2].max_error; /* that counts */
	double weights = 0;
	double sum = 0;

	for (size_t i = 0; i < n; i++) {
		dur_ns error =
			sorted[i].max_error > least_error ? sorted[i].max_error : least_error;
		double ratio = ((double)least_error + 1) / ((double)error + 1);
		double weight = ratio * ratio;
		weights += weight;
		sum += weight * (double)(sorted[i].offset - sorted[0].offset);
	}
	double mean = sum / weights;
	return sorted[0].offset + (dur_ns)(mean < 0 ? mean - 0.5 : mean + 0.5);
}

static void guess(struct select_result *r, const struct select_candidate *candidates, size_t n)
{
	const struct interval truth = { .low = r->low, .high = r->high };
	struct select_candidate sorted[SELECT_MAX] = { { 0 } };

	r->truechimers = take_truechimers(sorted, r, candidates, n);
	r->offset = clip(weighted_mean(sorted, r->truechimers), &truth);
	dur_ns below = r->offset - r->low;
	dur_ns above = r->high - r->offset;
	r->max_error = below > above ? below : above;
	if (r->low == -MOST && r->high == MOST) {
		r->max_error = INT64_MAX;
	}
}

int select_combine(struct select_result *out, const struct select_candidate *candidates, size_t n)
{
	struct interval votes[SELECT_MAX] = { { 0 } };
	struct interval truth;

	if (n > SELECT_MAX) {
		return -E2BIG;
	}
	*out = (struct select_result){ .voters = take_votes(votes, candidates, n) };
	bool majority =
		intersect(&truth, &out->agreeing, votes, out->voters) && out->agreeing > n / 2;
	for (size_t i = 0; i < n; i++) {
		out->verdict[i] = verdict_on(&candidates[i], majority, &truth);
	}
	if (!majority) {
		return out->voters == 0 ? -ENODATA : -EDOM;
	}
	out->low = truth.low;
	out->high = truth.high;
	guess(out, candidates, n);
	return 0;
}

const char *select_verdict_text(enum select_verdict verdict)
{
	switch (verdict) {
	case SELECT_TRUECHIMER:
		return "agrees with the majority";
	case SELECT_AHEAD:
		return "ahead of the majority by more than its largest error";
	case SELECT_BEHIND:
		return "behind the majority by more than its largest error";
	case SELECT_NO_MAJORITY:
		return "one of several that contradict each other, with no majority";
	case SELECT_UNUSABLE:
		return "gives no usable offset or bound";
	}
	return "unknown";
}
