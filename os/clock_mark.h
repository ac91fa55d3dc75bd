/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Marks of the system clock: whether somebody else has changed it from one to the next.
 *
 * CLOCK_REALTIME and CLOCK_BOOTTIME are slewed together, so their difference changes by steps only
 * (and by leap seconds, which are steps as well). Another program's slew shows in the kernel's rest
 * of it, and a change of frequency or tick in these values.
 */
#ifndef OS_CLOCK_MARK_H
#define OS_CLOCK_MARK_H

#include "os/clock.h"

/* Read how far CLOCK_REALTIME is ahead of CLOCK_BOOTTIME, and when that was. */
void clock_mark_read_ahead(struct clock_mark *out);

/*
 * Whether the system clock of the mark `now` is that of the mark `before`, left alone: no step that
 * the two readings could see, the same frequency, and no slew except the rest of the old one.
 */
bool clock_mark_left_alone(const struct clock_mark *before, const struct clock_mark *now);

#endif
