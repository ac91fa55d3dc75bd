/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_cancel.h"

#include <stddef.h>

static int cancel_fd(struct clock *c)
{
	return ((struct clock_cancel *)c)->fd;
}

struct clock *clock_cancel_init(struct clock_cancel *c, struct clock *inner, int fd)
{
	*c = (struct clock_cancel){ .ops = clock_proxy_ops, .fd = fd };
	c->ops.wait = NULL; /* the plain one of os/clock, which looks at `fd` as well */
	c->ops.cancel_fd = cancel_fd;
	c->proxy = (struct clock_proxy){ { &c->ops }, inner };
	return &c->proxy.clock;
}
