/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether the machine was suspended. Its clocks are then set by a clock that may be wrong by
 * seconds, so nothing that was known of them before holds any more. Needs nothing but libc.
 */
#ifndef OS_SUSPEND_H
#define OS_SUSPEND_H

#include <stdbool.h>

#include "core/ts.h"

/* No machine is suspended and resumed within this. */
#define SUSPEND_SHORTEST (100 * NS_PER_MS)

/* How long the machine has been suspended since it was started, to within 1 ms. */
dur_ns suspend_total(void);

/* Whether it was suspended since suspend_total said so. Cheap. */
bool suspend_since(dur_ns total);

#endif
