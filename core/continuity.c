/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/continuity.h"

#include "core/arith.h"
#include "core/drift.h"
#include "core/drift_limits.h"

/* The time that a clock of that rate gains in `d`. */
static dur_ns course(dur_ns d, int64_t rate_ppb)
{
	return arith_add(d, drift_over(d, rate_ppb));
}

dur_ns continuity_step(const struct reading *from, const struct reading *to)
{
	const int64_t slow = arith_min(from->rate_ppb, to->rate_ppb) - DRIFT_SLEWS_PPB;
	const int64_t fast = arith_max(from->rate_ppb, to->rate_ppb) + DRIFT_SLEWS_PPB;
	const dur_ns least = arith_max(mono_since(to->before, from->after), 0);
	const dur_ns most = mono_since(to->after, from->before);
	const dur_ns gained = to->shown - from->shown;
	const dur_ns above = arith_sub(gained, course(most, fast));
	const dur_ns below = arith_sub(gained, course(least, slow));

	if (above > CONTINUITY_RESOLUTION) {
		return above;
	}
	return below < -CONTINUITY_RESOLUTION ? below : 0;
}
