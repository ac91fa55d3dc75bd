/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_claim.h"

struct clock_claim clock_claim_begin(struct clock *clock)
{
	struct clock_quality is = { .synchronised = false };

	return (struct clock_claim){
		.clock = clock,
		.made = clock->ops->quality && clock_quality(clock, &is) == 0 && is.synchronised,
	};
}

int clock_claim_renew(struct clock_claim *c, dur_ns max_error)
{
	const bool had_been_made = c->made;

	c->made = max_error != INT64_MAX;
	return c->made || had_been_made ? clock_claim(c->clock, max_error) : 0;
}
