/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_proxy.h"

static struct clock *inner(struct clock *c)
{
	return ((struct clock_proxy *)c)->inner;
}

static ts_ns proxy_now(struct clock *c)
{
	return clock_now(inner(c));
}

static struct mono proxy_mono(struct clock *c)
{
	return clock_mono(inner(c));
}

static int proxy_mark(struct clock *c, struct clock_mark *out)
{
	return clock_mark(inner(c), out);
}

static int proxy_unchanged(struct clock *c, const struct clock_mark *since)
{
	return clock_unchanged(inner(c), since);
}

static int proxy_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return clock_step_since(inner(c), since, add);
}

static int proxy_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	return clock_slew_since(inner(c), since, add);
}

static int proxy_slew_left(struct clock *c, dur_ns *left)
{
	return clock_slew_left(inner(c), left);
}

static int proxy_set_frequency(struct clock *c, int64_t ppb, struct clock_mark *since)
{
	return clock_set_frequency_since(inner(c), since, ppb);
}

static int proxy_frequency(struct clock *c, int64_t *ppb)
{
	return clock_frequency(inner(c), ppb);
}

static int proxy_may_adjust(struct clock *c)
{
	return clock_may_adjust(inner(c));
}

static int proxy_keep(struct clock *c, enum clock_keeper_kind as, struct clock_keeper *other)
{
	return clock_keep(inner(c), as, other);
}

static bool proxy_kept(struct clock *c, struct clock_keeper *by)
{
	return clock_is_kept(inner(c), by);
}

static int proxy_check(struct clock *c)
{
	return clock_check(inner(c));
}

static int64_t proxy_max_frequency(struct clock *c)
{
	return clock_max_frequency(inner(c));
}

static int64_t proxy_rate(struct clock *c)
{
	return clock_rate(inner(c));
}

static int proxy_quality(struct clock *c, struct clock_quality *out)
{
	return clock_quality(inner(c), out);
}

static int proxy_claim(struct clock *c, dur_ns max_error)
{
	return clock_claim(inner(c), max_error);
}

static ts_ns proxy_from_kernel(struct clock *c, ts_ns kernel)
{
	return clock_from_kernel(inner(c), kernel);
}

/* The owner of the inner clock closes it. */
static void proxy_close(struct clock *c)
{
	(void)c;
}

static int proxy_cancel_fd(struct clock *c)
{
	return clock_cancel_fd(inner(c));
}

static int proxy_wait(struct clock *c, int fd, short events, struct mono deadline)
{
	return clock_wait(inner(c), fd, events, deadline);
}

const struct clock_ops clock_proxy_ops = {
	.now = proxy_now,
	.mono = proxy_mono,
	.mark = proxy_mark,
	.unchanged = proxy_unchanged,
	.step = proxy_step,
	.slew = proxy_slew,
	.slew_left = proxy_slew_left,
	.set_frequency = proxy_set_frequency,
	.frequency = proxy_frequency,
	.may_adjust = proxy_may_adjust,
	.keep = proxy_keep,
	.kept = proxy_kept,
	.check = proxy_check,
	.max_frequency = proxy_max_frequency,
	.rate = proxy_rate,
	.quality = proxy_quality,
	.claim = proxy_claim,
	.from_kernel = proxy_from_kernel,
	.wait = proxy_wait,
	.cancel_fd = proxy_cancel_fd,
	.close = proxy_close,
};
