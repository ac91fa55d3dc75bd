/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The locks on a clock file: one for writing it just now, one for keeping it.
 *
 * A record lock belongs to a process: it ends with the process, however that dies, and does not
 * pass to its children. An flock belongs to the open file that a child inherits, would let both
 * in at once, and would outlive a killed process for as long as a relative has the file open.
 * The other side of that: a process that closes any descriptor of the file loses both locks, so one
 * that keeps a clock file opens it once.
 *
 * The keeper's lock lies beyond the end of any clock file, and its length identifies the keeper.
 */
#ifndef OS_CLOCK_LOCK_H
#define OS_CLOCK_LOCK_H

#include "os/clock.h"

/* Wait until nobody else writes, and keep others from it. 0 or -errno. */
int clock_lock_writers(int fd);

/* The end of that. */
void clock_unlock_writers(int fd);

/* As clock_keep and clock_is_kept. */
int clock_lock_keep(int fd, enum clock_keeper_kind as, struct clock_keeper *other);
bool clock_lock_kept(int fd, struct clock_keeper *by);

#endif
