/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/follow.h"

#include "core/arith.h"

/* Whether both can be the same, each with its own error. */
static bool agree(dur_ns expected, const struct follow_offset *before,
		  const struct follow_offset *after)
{
	const dur_ns distance = arith_sub(after->offset, expected);
	const dur_ns allowed = arith_add(before->max_error, after->max_error);

	return distance <= allowed && distance >= -allowed;
}

enum follow_verdict follow_judge(const struct follow_offset *before, dur_ns step,
				 const struct follow_offset *after)
{
	const bool corrected = agree(before->offset - step, before, after);
	const bool along = agree(before->offset, before, after);

	if (corrected == along) {
		return FOLLOW_UNCLEAR;
	}
	return along ? FOLLOW_ALONG : FOLLOW_NOT;
}
