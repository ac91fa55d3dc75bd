/*
 * The system clock, CLOCK_REALTIME. The only module that can change it.
 */
#ifndef SYS_CLOCK_SYSTEM_H
#define SYS_CLOCK_SYSTEM_H

#include "sys/clock.h"

/*
 * The system clock. Reading needs no privilege; what changes it needs CAP_SYS_TIME and fails with
 * -EPERM without it. A static object: clock_close on it does nothing.
 *
 * A step is exact to the nanosecond and makes the kernel call the clock unsynchronised. A slew is
 * rounded to microseconds, the unit of adjtime(3); more than what every adjtime takes (2145 s,
 * 50 days of slewing) fails with -ERANGE. A frequency is kept to 2^-16 ppm, finer than 1 ppb.
 */
struct clock *clock_system(void);

#endif
