/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/kept_clock.h"

#include <errno.h>

/* At its frequency. */
static void look(struct kept_clock *k)
{
	if (clock_frequency_apart(k->clock, &k->frequency_ppb, &k->slew_ppb) != 0) {
		k->frequency_ppb = k->slew_ppb = 0;
	}
}

int kept_clock_open(struct kept_clock *k, struct clock *clock, bool is_reference)
{
	*k = (struct kept_clock){ .clock = clock, .is_reference = is_reference };
	if (is_reference) {
		k->last = clock_read(clock);
		return 0;
	}
	look(k);
	return clock_mark(clock, &k->mark);
}

static struct agent_clock observe_reference(struct kept_clock *k)
{
	const struct reading now = clock_read(k->clock);
	struct clock_quality quality = { .synchronised = false };
	const bool is_known = clock_check(k->clock) == 0 &&
			      clock_quality(k->clock, &quality) == 0 && quality.synchronised;

	k->epoch += continuity_step(&k->last, &now) != 0;
	k->last = now;
	return (struct agent_clock){
		.whole = clock_check(k->clock) == 0,
		.epoch = k->epoch,
		.max_error = is_known ? quality.max_error : GROUP_UNKNOWN_ERROR,
	};
}

static struct agent_clock observe_own(struct kept_clock *k)
{
	const bool whole = clock_check(k->clock) == 0;

	if (clock_unchanged(k->clock, &k->mark) != 0) {
		k->epoch++;
		look(k);
		(void)clock_mark(k->clock, &k->mark); /* one that fails is of no clock */
	}
	return (struct agent_clock){
		.whole = whole,
		.epoch = k->epoch,
		.frequency_ppb = k->frequency_ppb,
		.slew_ppb = k->slew_ppb,
		.ends_slews = clock_ends_slews(k->clock),
		.max_error = GROUP_UNKNOWN_ERROR,
	};
}

struct agent_clock kept_clock_observe(struct kept_clock *k)
{
	return k->is_reference ? observe_reference(k) : observe_own(k);
}

int kept_clock_correct(struct kept_clock *k, const struct servo_steering *how)
{
	const struct clock_slew slew = { how->slew_ppb, how->slew_for };
	dur_ns left;
	int rc = k->is_reference ? -EPERM : clock_slew_left(k->clock, &left);

	if (rc == 0 && left != 0) { /* somebody else's: two slews would add up */
		rc = clock_slew_since(k->clock, &k->mark, 0);
	}
	if (rc == 0 && how->step != 0) {
		rc = clock_step_since(k->clock, &k->mark, how->step);
	}
	return rc == 0 ? clock_slew_by_frequency_since(k->clock, &k->mark, how->frequency_ppb,
						       &slew)
		       : rc;
}
