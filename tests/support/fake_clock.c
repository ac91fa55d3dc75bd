/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/fake_clock.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

/* Packets on the loopback arrive within this time, however busy the machine is. */
#define LONGEST_MS 10000

static struct fake_clock *of(struct clock *c)
{
	return (struct fake_clock *)c;
}

static ts_ns op_now(struct clock *c)
{
	const ts_ns now = of(c)->now;

	of(c)->now += of(c)->tick;
	return now;
}

static struct mono op_mono(struct clock *c)
{
	return of(c)->mono;
}

static int op_quality(struct clock *c, struct clock_quality *out)
{
	*out = of(c)->quality;
	return of(c)->quality_error;
}

static ts_ns op_from_kernel(struct clock *c, ts_ns kernel)
{
	return kernel + of(c)->ahead;
}

static int op_wait(struct clock *c, int fd, short events, struct mono deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	bool coming = mono_since(deadline, of(c)->mono) > 0;

	if (coming && (events & POLLIN)) { /* to connect takes no help of ours */
		coming = of(c)->serve && of(c)->serve(of(c)->arg);
	}
	if (poll(&p, 1, coming ? LONGEST_MS : 0) > 0) {
		return 0;
	}
	of(c)->mono = deadline;
	return -ETIMEDOUT;
}

static void op_close(struct clock *c)
{
	(void)c;
}

static const struct clock_ops fake_ops = {
	.now = op_now,
	.mono = op_mono,
	.quality = op_quality,
	.from_kernel = op_from_kernel,
	.wait = op_wait,
	.close = op_close,
};

void fake_clock_init(struct fake_clock *f, ts_ns now)
{
	memset(f, 0, sizeof(*f));
	f->clock.ops = &fake_ops;
	f->now = now;
}
