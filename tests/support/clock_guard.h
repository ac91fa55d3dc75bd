/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Keeps a test from ever changing the clock of the machine that it runs on.
 */
#ifndef TESTS_SUPPORT_CLOCK_GUARD_H
#define TESTS_SUPPORT_CLOCK_GUARD_H

/*
 * Take CAP_SYS_TIME away from this process and from all that it starts, for good, and check in
 * /proc that it is gone. If it is not, print why and end the program with exit code 1. Call it
 * first in main.
 */
void clock_guard(void);

#endif
