/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The heir of a process that keeps the system clock: a process that does nothing but wait for the
 * end of the other one, and then ends the slew by frequency that it has left if it was killed. So
 * the clock does not go on running away, and what was said of its error holds.
 */
#ifndef OS_HEIR_H
#define OS_HEIR_H

#include "os/clock.h"

/*
 * Have one from now on, of this process. Nothing but the standard descriptors is left open in it,
 * so a clock file is of no use. To be called before threads are started. False when no process can
 * be started: then a slew of a killed process goes on until the next keeper ends it.
 */
bool heir_appoint(struct clock *clock);

#endif
