/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The system clock, CLOCK_REALTIME. The only module that can change it.
 */
#ifndef OS_CLOCK_SYSTEM_H
#define OS_CLOCK_SYSTEM_H

#include "os/clock.h"

/*
 * The system clock. Reading needs no privilege; what changes it needs CAP_SYS_TIME and fails with
 * -EPERM without it. A static object: clock_close on it does nothing.
 *
 * A step is exact to the nanosecond and makes the kernel call the clock unsynchronised. A slew is
 * rounded to microseconds, the unit of adjtime(3); more than what every adjtime takes (2145 s,
 * 50 days of slewing) fails with -ERANGE. A frequency is kept to 2^-16 ppm, finer than 1 ppb, and
 * in force at once; what is beyond 500 ppm is made of the kernel's tick too, which reaches 10 %.
 *
 * The kernel slews in shares: when a second of this clock begins it takes 500 us, or the rest, off
 * what is left, and spreads that over the second. So a slew begins with
 * the next second; what clock_slew_left says lacks what is to come of the running second's share;
 * and one that is replaced still goes on for the rest of its second. A step ends all of it at once.
 *
 * A claim is what the kernel calls STA_UNSYNC and maxerror, for all who ask it; taken back, both
 * say so, as some ask for the one and some for the other. The kernel lets the
 * error grow by 500 ppm and ends a claim that has come to 16 s, and with each step. While there is
 * one it sets the hardware's clock by the system's, every 11 minutes.
 */
struct clock *clock_system(void);

/* What is no better than that is no claim: NTP_PHASE_LIMIT of the kernel. */
#define CLOCK_SYSTEM_MAX_CLAIM (16 * NS_PER_SEC)

#endif
