/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A claim that a clock is synchronised. The clock's keeper makes it, and nobody else takes it back.
 */
#ifndef OS_CLOCK_CLAIM_H
#define OS_CLOCK_CLAIM_H

#include "os/clock.h"

struct clock_claim {
	struct clock *clock; /* not owned */
	bool made;
};

/*
 * Begin to keep that clock. A claim that is there already is that of a keeper that was killed, and
 * is taken back as if it were our own.
 */
struct clock_claim clock_claim_begin(struct clock *clock);

/*
 * Claim that the clock is within `max_error` of its reference now; with INT64_MAX, take back the
 * earlier claim, if there is one. 0 or -errno.
 */
int clock_claim_renew(struct clock_claim *c, dur_ns max_error);

#endif
