/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Opening a clock for a daemon, to keep it or to read it, before the daemon gives up its
 * privileges. If that is not possible, the reason is logged.
 */
#ifndef OS_CLOCK_KEEPING_H
#define OS_CLOCK_KEEPING_H

#include <sys/types.h>

#include "os/clock.h"

struct clock_keeping {
	const char *file;   /* null: the system clock */
	const char *keeper; /* for messages: "--upstream", "group lab" */
	bool force;         /* even if another program steers the system clock */
};

/*
 * Open it, for adjusting. A keeper that was killed is waited for, as its end may not be over. 0, or
 * -errno after logging: -EBUSY when another process keeps the clock or steers it. The caller
 * releases *out with clock_close, whatever the outcome.
 */
int clock_keeping_open(const struct clock_keeping *k, struct clock **out);

/* The same to read it only: that file, or the system clock if it is null. */
int clock_keeping_read(const char *file, struct clock **out);

/*
 * This process becomes a user: let the user keep the clock. Its lock, if it is the system clock,
 * and the page of its bound become that user's. Failures are logged.
 */
void clock_keeping_give(const struct clock_keeping *k, uid_t uid, gid_t gid);

/* Keep it from now on, in the process that does: as clock_keep, after logging. */
int clock_keeping_begin(const struct clock_keeping *k, struct clock *clock,
			enum clock_keeper_kind as);

/*
 * End the slew by frequency that a killed keeper has left. The caller may set the clock. The keeper
 * is waited for, as its end may not be over: the kernel closes its descriptors one after the other,
 * and the lock need not be the first. 0, also when another process keeps the clock, or -errno.
 */
int clock_keeping_end_slew(struct clock *clock);

#endif
