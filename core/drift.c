/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drift.h"

#include "core/drift_limits.h"

static const uint64_t billion = 1000000000;

/* |x|, which for INT64_MIN only fits when it is unsigned. */
static uint64_t magnitude_of(int64_t x)
{
	return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

dur_ns drift_over(dur_ns d, int64_t ppb)
{
	uint64_t rate = magnitude_of(ppb);
	uint64_t seconds = magnitude_of(d) / billion;
	uint64_t rest = magnitude_of(d) % billion;

	if (rate == 0) {
		return 0;
	}
	if (seconds > (uint64_t)INT64_MAX / rate) {
		return (d < 0) == (ppb < 0) ? INT64_MAX : -INT64_MAX;
	}
	/* In parts, each of which is less than 2^63, as rest < 10^9. */
	uint64_t whole = rest * (rate / billion);
	uint64_t part = (rest * (rate % billion) + billion - 1) / billion;
	uint64_t total = seconds * rate + whole + part;
	if (total > (uint64_t)INT64_MAX) {
		total = (uint64_t)INT64_MAX;
	}
	return (d < 0) == (ppb < 0) ? (dur_ns)total : -(dur_ns)total;
}

int64_t drift_measured(int64_t rate_ppb)
{
	const int64_t size_ppb = (int64_t)magnitude_of(rate_ppb);

	return (DRIFT_MEASURED_PPB + size_ppb) * NS_PER_SEC / (NS_PER_SEC + rate_ppb);
}

int64_t drift_add(int64_t a, int64_t b)
{
	if (b > 0) {
		return a > INT64_MAX - b ? INT64_MAX : a + b;
	}
	return a < -INT64_MAX - b ? -INT64_MAX : a + b;
}
