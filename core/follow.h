/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Follow: whether the server's clock moves with the local clock.
 *
 * A server's clock that depends on the local one (a clock file on this machine, another name of
 * this machine, a server that takes its time from here) is as far off after a step as before, so
 * corrections never end. A step reveals this. A slew does not: a clock's rate error can have the
 * same effect.
 */
#ifndef CORE_FOLLOW_H
#define CORE_FOLLOW_H

#include "core/ts.h"

enum follow_verdict {
	FOLLOW_NOT,     /* the step had its effect */
	FOLLOW_ALONG,   /* the offset is unchanged: the other clock made the step too */
	FOLLOW_UNCLEAR, /* both may be, as the step was small, or neither, as another clock moved */
};

/* An offset, remote minus local, and |true offset - offset| <= max_error; both below TS_LIMIT. */
struct follow_offset {
	dur_ns offset, max_error;
};

/* Compare the offsets before and after the local clock was stepped by `step`. */
enum follow_verdict follow_judge(const struct follow_offset *before, dur_ns step,
				 const struct follow_offset *after);

#endif
