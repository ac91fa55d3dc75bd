/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * One lock for all programs of this project that adjust the system clock: a file that root makes,
 * and that nobody else can open but one user to whom root gives it, to keep the clock.
 *
 * Where it cannot be made or used (/run is read-only, or this user has the privilege to set the
 * clock but may not write there) the clock is adjusted without it: the lock prevents accidents
 * among our own programs, and other programs ignore it anyway. The mark detects their changes.
 *
 * These are locks of an open file, not of a process, so that a process that keeps the clock may
 * open and close the file again and again. The keeper writes its name and pid into it, and the slew
 * by frequency that is under way, so that the next one can end that should it be killed.
 */
#ifndef OS_CLOCK_SYSTEM_LOCK_H
#define OS_CLOCK_SYSTEM_LOCK_H

#include <sys/types.h>

#include "os/clock.h"

#define CLOCK_SYSTEM_LOCK "/run/timesync.lock"

/*
 * Wait until nobody else adjusts the clock, and keep others from it until clock_system_unlock. A
 * descriptor, or negative when there is no lock; clock_system_unlock accepts both.
 */
int clock_system_lock(void);
void clock_system_unlock(int fd);

/* As clock_keep and clock_is_kept. The clock is kept until the process ends. */
int clock_system_lock_keep(enum clock_keeper_kind as, struct clock_keeper *other);
bool clock_system_lock_kept(struct clock_keeper *by);

/* Make the file, if it is not there, and give it to that user. 0 or -errno. */
int clock_system_lock_give(uid_t uid, gid_t gid);

/* Whether a program of this project has kept the clock since the machine has started. */
bool clock_system_lock_was_kept(void);

/* A frequency that was set, ppb, and how much of it is a slew that is to end. */
struct clock_system_note {
	int64_t frequency_ppb, slew_ppb;
};

/* Note it for the next keeper, if this process keeps the clock. */
void clock_system_lock_note(const struct clock_system_note *note);

/* The last note. False if there is none since the machine has started. */
bool clock_system_lock_noted(struct clock_system_note *out);

#endif
