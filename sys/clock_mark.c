#include "sys/clock_mark.h"

#include "sys/clock_system.h"

/* The kernel takes so much of a slew at the beginning of each second. */
#define SLEW_SHARE (NS_PER_SEC / 2000)

static dur_ns magnitude(dur_ns d)
{
	return d < 0 ? -d : d;
}

/* What is left now is what was left, less at most what is done in that time. */
static bool slew_goes_on(const struct clock_mark *before, const struct clock_mark *now)
{
	const dur_ns done = before->slew_left - now->slew_left;
	const int64_t seconds = mono_since(now->at, before->at) / CLOCK_SYSTEM_SLEW_PERIOD + 2;
	const bool shrank = before->slew_left < 0 ? done <= 0 && now->slew_left <= 0
						  : done >= 0 && now->slew_left >= 0;

	return shrank && magnitude(done) / SLEW_SHARE <= seconds;
}

bool clock_mark_left_alone(const struct clock_mark *before, const struct clock_mark *now)
{
	const dur_ns moved = magnitude(now->ahead - before->ahead);

	return moved <= before->ahead_error + now->ahead_error &&
	       now->frequency == before->frequency && now->tick == before->tick &&
	       slew_goes_on(before, now);
}
