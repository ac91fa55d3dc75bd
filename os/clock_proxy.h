/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock that is another one: a base for clocks that differ from it in some operation.
 */
#ifndef OS_CLOCK_PROXY_H
#define OS_CLOCK_PROXY_H

#include "os/clock.h"

struct clock_proxy {
	struct clock clock; /* its ops: clock_proxy_ops, or a changed copy of them */
	struct clock *inner;
};

/* Each operation is passed on to the inner clock, except close, which does nothing. */
extern const struct clock_ops clock_proxy_ops;

#endif
