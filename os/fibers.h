/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Fibers: several flows of control in one thread, each written as if it could block, over one
 * poll(2). A fiber runs until it waits; then another that is ready runs.
 *
 * What makes a wait let the others run is the clock that a fiber is given: code that waits through
 * clock_wait works alone and in a fiber alike.
 */
#ifndef OS_FIBERS_H
#define OS_FIBERS_H

#include <stddef.h>

#include "os/clock.h"

struct fibers;

/* A fiber's work. Its `clock` is the one given to fibers_open in all but its waits. */
typedef void fiber_fn(void *arg, struct clock *clock);

/* For at most `max` fibers on `clock`, which must outlive them. 0 or -ENOMEM. */
int fibers_open(struct fibers **out, size_t max, struct clock *clock);

/* Add a fiber. 0, -ENOSPC when there are `max` already, or -ENOMEM. */
int fibers_add(struct fibers *all, fiber_fn *run, void *arg);

/* Run all until each has returned. */
void fibers_run(struct fibers *all);

/* Release them; null is fine. */
void fibers_close(struct fibers *all);

#endif
