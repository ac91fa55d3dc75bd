/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/agent/kept_clock.h"

int kept_clock_open(struct kept_clock *k, struct clock *clock)
{
	*k = (struct kept_clock){ .clock = clock };
	return clock_mark(clock, &k->mark);
}

struct agent_clock kept_clock_observe(struct kept_clock *k)
{
	const bool whole = clock_check(k->clock) == 0;

	if (clock_unchanged(k->clock, &k->mark) != 0) {
		k->epoch++;
		(void)clock_mark(k->clock, &k->mark); /* one that fails is of no clock */
	}
	return (struct agent_clock){ .whole = whole, .epoch = k->epoch };
}

int kept_clock_correct(struct kept_clock *k, dur_ns amount, bool step)
{
	return step ? clock_step_since(k->clock, &k->mark, amount)
		    : clock_slew_since(k->clock, &k->mark, amount);
}
