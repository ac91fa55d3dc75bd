/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system clock, CLOCK_REALTIME. The only module that can change it.
 */
#ifndef OS_CLOCK_SYSTEM_H
#define OS_CLOCK_SYSTEM_H

#include <sys/types.h>

#include "os/clock.h"

/*
 * The system clock. Reading needs no privilege; changes need CAP_SYS_TIME and fail with -EPERM
 * without it. A static object: clock_close on it does nothing.
 *
 * A step is exact to the nanosecond and makes the kernel call the clock unsynchronised. A slew is
 * rounded to microseconds, the unit of adjtime(3); more than adjtime takes everywhere (2145 s, 50
 * days of slewing) fails with -ERANGE. A frequency is kept to 2^-16 ppm, finer than 1 ppb, and in
 * force at once; beyond 500 ppm it uses the kernel's tick too, which reaches 10 %.
 *
 * The kernel slews in shares: when a second of this clock begins, it takes 500 us, or the rest, off
 * the remaining slew, and spreads that over the second. So a slew begins with the next second,
 * clock_slew_left does not include the part of the current share that is still to come, and a slew
 * that is replaced goes on for the rest of its second. A step ends all of it at once.
 *
 * A claim consists of the kernel's STA_UNSYNC and maxerror, which other programs read. A withdrawal
 * sets both, as some read the one and some the other. The kernel lets the error grow by 500 ppm,
 * and ends a claim when the error has reached 16 s and at each step. During a claim it sets the
 * hardware clock from the system clock every 11 minutes.
 */
struct clock *clock_system(void);

/*
 * Let that user keep the clock: for a process that becomes it, and remains able to set the clock.
 * Only root can. 0 or -errno.
 */
int clock_system_give(uid_t uid, gid_t gid);

/* An error of this size is no claim: NTP_PHASE_LIMIT of the kernel. */
#define CLOCK_SYSTEM_MAX_CLAIM (16 * NS_PER_SEC)

#endif
