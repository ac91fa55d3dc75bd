/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/suspend.h"

#include <time.h>

static int64_t read_clock(clockid_t id)
{
	struct timespec t = { 0 };

	clock_gettime(id, &t); /* cannot fail: the clock exists and the address is good */
	return (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
}

dur_ns suspend_total(void)
{
	int64_t before, boot, after;

	do {
		before = read_clock(CLOCK_MONOTONIC);
		boot = read_clock(CLOCK_BOOTTIME);
		after = read_clock(CLOCK_MONOTONIC);
	} while (after - before > NS_PER_MS);
	return boot - before;
}

bool suspend_since(dur_ns total)
{
	return suspend_total() - total > SUSPEND_SHORTEST;
}
