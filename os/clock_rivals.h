/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Other programs that steer the system clock, found among the processes.
 */
#ifndef OS_CLOCK_RIVALS_H
#define OS_CLOCK_RIVALS_H

#include "os/clock.h"

/*
 * Whether a daemon runs that is known to steer the system clock, and has the privilege to: chronyd
 * (not with -x), ntpd, ntpd-rs, systemd-timesyncd, phc2sys, ptpd. `proc` is "/proc", or stands in
 * for it in tests. Processes that this one may not see are not found.
 */
bool clock_rivals_find(const char *proc, struct clock_rival *out);

#endif
