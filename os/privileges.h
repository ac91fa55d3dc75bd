/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The privilege to set the system clock (CAP_SYS_TIME of capabilities(7)): which process has it.
 */
#ifndef OS_PRIVILEGES_H
#define OS_PRIVILEGES_H

#include <stdbool.h>

/* Have it survive when root becomes another user, or no more. 0 or -errno. */
int privileges_survive(bool yes);

/* Have it, and no other capability, after root has become another user. 0 or -errno. */
int privileges_keep_clock(void);

/* Give it up for good, and no other. 0 or -errno. */
int privileges_give_up_clock(void);

#endif
