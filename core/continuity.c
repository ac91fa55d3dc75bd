/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/continuity.h"

#include "core/drift.h"

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The time that a clock of that rate gains in `d`. */
static dur_ns course(dur_ns d, int64_t rate_ppb)
{
	return drift_add(d, drift_over(d, rate_ppb));
}

dur_ns continuity_step(const struct reading *from, const struct reading *to)
{
	const int64_t slow = lesser(from->rate_ppb, to->rate_ppb) - CONTINUITY_SLEW_PPB;
	const int64_t fast = greater(from->rate_ppb, to->rate_ppb) + CONTINUITY_SLEW_PPB;
	const dur_ns least = greater(mono_since(to->before, from->after), 0);
	const dur_ns most = mono_since(to->after, from->before);
	const dur_ns gained = to->shown - from->shown;
	const dur_ns above = drift_add(gained, -course(most, fast));
	const dur_ns below = drift_add(gained, -course(least, slow));

	if (above > CONTINUITY_RESOLUTION) {
		return above;
	}
	return below < -CONTINUITY_RESOLUTION ? below : 0;
}
