/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heir of a process that keeps the system clock: a second process that only waits for the end
 * of the first one. If that was killed during a slew by frequency, the heir ends the slew. So the
 * clock does not run away, and its published error bound holds.
 */
#ifndef OS_HEIR_H
#define OS_HEIR_H

#include "os/clock.h"

/*
 * Start the heir of this process. It has only the standard descriptors open, so it cannot end the
 * slew of a clock file. Call this before threads are started. False when no process can be started:
 * if this one is killed, its slew then goes on until the next keeper ends it.
 */
bool heir_appoint(struct clock *clock);

#endif
