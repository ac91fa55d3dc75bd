/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/policy.h"

#include "core/arith.h"
#include "core/drift_limits.h"

const struct policy_limits policy_default_limits = {
	.max_change = 0,
	.step_above = 128 * NS_PER_MS,
	.resolution = NS_PER_US,
	.slew_ppb = DRIFT_SLEW_PPB,
	.force = POLICY_AUTO,
};

/* A negative limit, which nobody should set, is the strictest. */
static bool exceeds(uint64_t magnitude, dur_ns limit)
{
	return limit < 0 || magnitude > (uint64_t)limit;
}

/* magnitude * 10^9 / slew_ppb, rounded up, INT64_MAX when it does not fit or never ends. */
static dur_ns slew_duration(uint64_t magnitude, int64_t slew_ppb)
{
	if (slew_ppb <= 0) {
		return INT64_MAX;
	}
	const uint64_t second = (uint64_t)NS_PER_SEC;
	uint64_t speed = (uint64_t)slew_ppb < second ? (uint64_t)slew_ppb : second;
	uint64_t quotient = magnitude / speed;
	uint64_t rest = (magnitude % speed * second + speed - 1) / speed;
	if (quotient > ((uint64_t)INT64_MAX - rest) / second) {
		return INT64_MAX;
	}
	return (dur_ns)(quotient * second + rest);
}

static struct policy_decision leave_alone(enum policy_action action, enum policy_reason reason)
{
	return (struct policy_decision){ .action = action, .reason = reason };
}

static struct policy_decision step(dur_ns correction, enum policy_reason reason)
{
	return (struct policy_decision){
		.action = POLICY_STEP,
		.reason = reason,
		.correction = correction,
	};
}

static struct policy_decision slew(dur_ns correction, enum policy_reason reason,
				   const struct policy_limits *limits)
{
	const uint64_t magnitude = arith_magnitude(correction);
	const dur_ns finish_in = slew_duration(magnitude, limits->slew_ppb);

	if (limits->max_slew != 0 && exceeds(magnitude, limits->max_slew)) {
		return leave_alone(POLICY_REFUSE, POLICY_OVER_MAX_SLEW);
	}
	if (finish_in == INT64_MAX) {
		return leave_alone(POLICY_REFUSE, POLICY_ENDLESS);
	}
	return (struct policy_decision){
		.action = POLICY_SLEW,
		.reason = reason,
		.correction = correction,
		.finish_in = finish_in,
	};
}

struct policy_decision policy_decide(dur_ns offset, const struct policy_limits *limits)
{
	uint64_t magnitude = arith_magnitude(offset);

	if (limits->max_change != 0 && exceeds(magnitude, limits->max_change)) {
		return leave_alone(POLICY_REFUSE, POLICY_OVER_MAX_CHANGE);
	}
	if (offset == 0 || (limits->resolution > 0 && magnitude < (uint64_t)limits->resolution)) {
		return leave_alone(POLICY_NONE, POLICY_ALREADY_RIGHT);
	}
	switch (limits->force) {
	case POLICY_ALWAYS_STEP:
		return step(offset, POLICY_ASKED);
	case POLICY_ALWAYS_SLEW:
		return slew(offset, POLICY_ASKED, limits);
	case POLICY_AUTO:
		break;
	}
	if (exceeds(magnitude, limits->step_above)) {
		return step(offset, POLICY_LARGE);
	}
	return slew(offset, POLICY_SMALL, limits);
}

struct policy_decision policy_vet(const struct policy_decision *d, bool synchronised,
				  const struct policy_limits *limits)
{
	if (!synchronised && limits->max_unsynchronised != 0 &&
	    exceeds(arith_magnitude(d->correction), limits->max_unsynchronised)) {
		return leave_alone(POLICY_REFUSE, POLICY_UNSYNCHRONISED);
	}
	return *d;
}

const char *policy_reason_text(enum policy_reason reason)
{
	switch (reason) {
	case POLICY_ALREADY_RIGHT:
		return "the clock is already right to within its resolution";
	case POLICY_SMALL:
		return "small enough to be slewed, so that time never jumps";
	case POLICY_LARGE:
		return "too large to be slewed in reasonable time";
	case POLICY_ASKED:
		return "as asked for";
	case POLICY_UNSYNCHRONISED:
		return "too large a correction for unsynchronised servers";
	case POLICY_MOVES_ALONG:
		return "the server's clock moves with the local clock";
	case POLICY_OVER_MAX_SLEW:
		return "more than the clock can slew";
	case POLICY_ENDLESS:
		return "a slew would take more than 292 years";
	case POLICY_OVER_MAX_CHANGE:
		return "larger than the largest change that is allowed";
	case POLICY_OUT_OF_REACH:
		return "the clock's rate error is larger than can be corrected";
	}
	return "unknown";
}
