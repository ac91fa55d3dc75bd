/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/drift.h"

#include "core/arith.h"
#include "core/drift_limits.h"

static const uint64_t billion = 1000000000;

dur_ns drift_over(dur_ns d, int64_t ppb)
{
	uint64_t rate = arith_magnitude(ppb);
	uint64_t seconds = arith_magnitude(d) / billion;
	uint64_t rest = arith_magnitude(d) % billion;

	if (rate == 0) {
		return 0;
	}
	if (seconds > (uint64_t)INT64_MAX / rate) {
		return (d < 0) == (ppb < 0) ? INT64_MAX : -INT64_MAX;
	}
	/* In parts, each less than 2^63, as rest < 10^9. */
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
	return (DRIFT_MEASURED_PPB + arith_abs(rate_ppb)) * NS_PER_SEC / (NS_PER_SEC + rate_ppb);
}
