/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock with waits that can be cancelled: a measurement on it, with any number of calls, servers
 * and fibers, ends as soon as a descriptor can be read.
 */
#ifndef OS_CLOCK_CANCEL_H
#define OS_CLOCK_CANCEL_H

#include "os/clock_proxy.h"

struct clock_cancel {
	struct clock_proxy proxy;
	struct clock_ops ops;
	int fd;
};

/*
 * In all but its waits `inner`, which must outlive it. Once `fd` can be read, which nobody does
 * here, every wait ends with -ECANCELED. The clock is in *c, which must not be moved: there is
 * nothing to release.
 */
struct clock *clock_cancel_init(struct clock_cancel *c, struct clock *inner, int fd);

#endif
