/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock that shows what a test says, and whose monotonic time passes when a test says so. It can
 * only be read.
 */
#ifndef TESTS_SUPPORT_FAKE_CLOCK_H
#define TESTS_SUPPORT_FAKE_CLOCK_H

#include "os/clock.h"

/*
 * Somebody waits for something from a fake server: the time for it to act. True if it has sent
 * something, or false if nothing is to be waited for.
 */
typedef bool fake_clock_serve_fn(void *arg);

struct fake_clock {
	struct clock clock;
	ts_ns now;
	dur_ns tick;      /* `now` moves on by this after each reading */
	dur_ns ahead;     /* of the kernel's clock */
	struct mono mono; /* moves on to the deadline when a wait is in vain */
	struct clock_quality quality;
	int quality_error; /* what asking for it fails with; 0 if it does not */
	fake_clock_serve_fn *serve;
	void *arg;
};

/* Set up a clock that shows `now`, at rest, with everything else zero. */
void fake_clock_init(struct fake_clock *f, ts_ns now);

#endif
