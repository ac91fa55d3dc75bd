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

/* How long it may take. */
struct bounded {
	struct clock *clock; /* to wait by */
	dur_ns limit;
	int cancel_fd; /* as soon as it is readable, the calls are ended; 0 or less: none */
};

/*
 * Call `fn` for each of the `n` records of `size` octets at `records`, side by side, and wait until
 * all have returned, at most about `how->limit` ns. Each call runs in a separate process, so that
 * it can be ended. The caller sees what it has written into its record by then, and no other
 * effect. A record can hold no pointers to what `fn` makes. 0, also when the limit was reached;
 * -ECANCELED when it was cancelled; or -errno if one could not be called.
 */
int bounded_run(void *records, size_t n, size_t size, bounded_fn *fn, void *context,
		const struct bounded *how);

#endif
