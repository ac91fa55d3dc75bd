/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/agree.h"

#include "core/arith.h"
#include "core/drift.h"

static dur_ns highest(const struct sample *s)
{
	return s->t2 - s->t1;
}

static dur_ns lowest(const struct sample *s)
{
	return s->t3 - s->t4;
}

/* Whether `a` claims more than `b` allows, even if they are as far apart in time as can be. */
static bool is_above(const struct sample *a, const struct sample *b, int64_t max_drift_ppb)
{
	const dur_ns gap = lowest(a) - highest(b);
	const dur_ns between = arith_max(a->t4 - b->t1, b->t4 - a->t1);

	return gap > 0 && gap > drift_over(between, max_drift_ppb);
}

static bool exclude(const struct sample *a, const struct sample *b, int64_t max_drift_ppb)
{
	return is_above(a, b, max_drift_ppb) || is_above(b, a, max_drift_ppb);
}

/* Whether one offset fits all of them, apart from drift: the quick answer. */
static bool have_common_point(const struct sample *samples, size_t n)
{
	dur_ns low = INT64_MIN, high = INT64_MAX;

	for (size_t i = 0; i < n; i++) {
		const struct sample *s = &samples[i];

		if (sample_check(s) == SAMPLE_OK) {
			low = arith_max(low, lowest(s));
			high = arith_min(high, highest(s));
		}
	}
	return low <= high;
}

/* The last sample before `second` that it excludes; `second` if there is none. */
static size_t find_first(const struct sample *samples, size_t second, int64_t max_drift_ppb,
			 bool stamps_only)
{
	const struct sample *s = &samples[second];

	for (size_t i = second; i-- > 0;) {
		if (sample_check(&samples[i]) == SAMPLE_OK &&
		    (!stamps_only || samples[i].kind == SAMPLE_TIMESTAMPS) &&
		    exclude(&samples[i], s, max_drift_ppb)) {
			return i;
		}
	}
	return second;
}

static bool find_conflict(const struct sample *samples, size_t n, int64_t max_drift_ppb,
			  bool stamps_only, struct agree_conflict *out)
{
	for (size_t i = 1; i < n; i++) {
		size_t first;

		if (sample_check(&samples[i]) != SAMPLE_OK ||
		    (stamps_only && samples[i].kind != SAMPLE_TIMESTAMPS)) {
			continue;
		}
		first = find_first(samples, i, max_drift_ppb, stamps_only);
		if (first != i) {
			*out = (struct agree_conflict){
				.first = first,
				.second = i,
				.apart =
					sample_offset(&samples[i]) - sample_offset(&samples[first]),
			};
			return true;
		}
	}
	return false;
}

bool agree(const struct sample *samples, size_t n, int64_t max_drift_ppb,
	   struct agree_conflict *out)
{
	const int64_t drift_ppb = arith_max(max_drift_ppb, 0);
	struct agree_conflict unwanted = { 0 };
	struct agree_conflict *found = out ? out : &unwanted;

	return have_common_point(samples, n) ||
	       (!find_conflict(samples, n, drift_ppb, true, found) &&
		!find_conflict(samples, n, drift_ppb, false, found));
}
