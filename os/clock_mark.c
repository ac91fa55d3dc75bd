/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_mark.h"

#include <time.h>

#include "core/arith.h"
#include "os/suspend.h"

/* The part of a slew that the kernel takes at the beginning of each second. */
#define SLEW_PERIOD NS_PER_SEC
#define SLEW_SHARE  (SLEW_PERIOD / 2000)

/* The closest of this many readings of both clocks counts: one may be interrupted. */
#define READINGS 8

/* The rest of the slew now is the rest then, minus at most what a slew does in that time. */
static bool slew_goes_on(const struct clock_mark *before, const struct clock_mark *now)
{
	const dur_ns done = before->slew_left - now->slew_left;
	const int64_t seconds = mono_since(now->at, before->at) / SLEW_PERIOD + 2;
	const bool shrank = before->slew_left < 0 ? done <= 0 && now->slew_left <= 0
						  : done >= 0 && now->slew_left >= 0;

	return shrank && arith_abs(done) / SLEW_SHARE <= seconds;
}

static int64_t read_clock(clockid_t id)
{
	struct timespec t = { 0 };

	clock_gettime(id, &t); /* cannot fail: the clock exists and the address is good */
	return (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
}

void clock_mark_read_ahead(struct clock_mark *out)
{
	out->asleep = suspend_total();
	out->ahead_error = INT64_MAX;
	for (int i = 0; i < READINGS; i++) {
		const int64_t before = read_clock(CLOCK_BOOTTIME);
		const int64_t real = read_clock(CLOCK_REALTIME);
		const int64_t after = read_clock(CLOCK_BOOTTIME);
		const dur_ns error = (after - before) / 2 + 1;

		if (error < out->ahead_error) {
			out->ahead_error = error;
			out->ahead = real - before - (after - before) / 2;
			out->at = (struct mono){ .ns = before };
		}
	}
}

bool clock_mark_left_alone(const struct clock_mark *before, const struct clock_mark *now)
{
	const dur_ns moved = arith_distance(now->ahead, before->ahead);

	return moved <= before->ahead_error + now->ahead_error &&
	       now->asleep - before->asleep <= SUSPEND_SHORTEST &&
	       now->frequency == before->frequency && now->tick == before->tick &&
	       slew_goes_on(before, now);
}
