/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Library functions that may block for longer than anybody wants to wait: the resolver's.
 */
#ifndef OS_BOUNDED_H
#define OS_BOUNDED_H

#include <stddef.h>

#include "os/clock.h"

/* Fill one record in. */
typedef void bounded_fn(void *record, void *context);

/*
 * Call `fn` for each of the `n` records of `size` octets at `records`, side by side, and wait until
 * all have returned, at most about `limit` ns by `clock`. Each call runs in a separate process, so
 * that it can be ended. The caller sees what it has written into its record by then, and no other
 * effect. A record can hold no pointers to what `fn` makes. 0, also when the limit was reached;
 * -ECANCELED when the clock's waits are cancelled; or -errno if one could not be called.
 */
int bounded_run(void *records, size_t n, size_t size, bounded_fn *fn, void *context,
		struct clock *clock, dur_ns limit);

#endif
