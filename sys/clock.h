/*
 * A clock: what a daemon serves and a client adjusts. Two implementations, clock_system and
 * clock_file; tests add their own.
 */
#ifndef SYS_CLOCK_H
#define SYS_CLOCK_H

#include "core/ts.h"

enum clock_leap {
	CLOCK_LEAP_NONE,
	CLOCK_LEAP_INSERT,
	CLOCK_LEAP_DELETE,
	CLOCK_LEAP_IN_PROGRESS,
	CLOCK_LEAP_UNKNOWN,
};

#define CLOCK_MAX_FREQUENCY_PPB 500000 /* the kernel's limit (adjtimex(2)); of every clock */

struct clock_quality {
	bool synchronised; /* something disciplines this clock; else max_error means nothing */
	dur_ns max_error;  /* the clock is within this of UTC */
	enum clock_leap leap;
};

struct clock;

struct clock_ops {
	ts_ns (*now)(struct clock *c);
	struct mono (*mono)(struct clock *c);
	int (*step)(struct clock *c, dur_ns add);
	int (*slew)(struct clock *c, dur_ns add);
	int (*slew_left)(struct clock *c, dur_ns *left);
	int (*set_frequency)(struct clock *c, int64_t ppb);
	int (*frequency)(struct clock *c, int64_t *ppb);
	int (*quality)(struct clock *c, struct clock_quality *out);
	int (*claim)(struct clock *c, dur_ns max_error); /* or null */
	ts_ns (*from_kernel)(struct clock *c, ts_ns kernel);
	int (*wait)(struct clock *c, int fd, short events, struct mono deadline); /* or null */
	void (*close)(struct clock *c);
};

/* Embedded first in each implementation's own struct. */
struct clock {
	const struct clock_ops *ops;
};

/* Whether a clock that shows `now`, a valid time, still shows a valid one `add` ns on. */
static inline bool clock_can_add(ts_ns now, dur_ns add)
{
	return add >= -now && add < TS_LIMIT - now;
}

/* The time that the clock shows. */
static inline ts_ns clock_now(struct clock *c)
{
	return c->ops->now(c);
}

/* The monotonic clock, for deadlines. */
static inline struct mono clock_mono(struct clock *c)
{
	return c->ops->mono(c);
}

/*
 * Add `add` ns to the clock at once; a slew that is under way ends, as it was meant for the clock
 * as it was before. 0, or -EPERM, -EROFS (opened read-only), -EINVAL (the kernel refused it),
 * -ERANGE (the clock would leave [0, TS_LIMIT), or the amount is more than it can take), -EBADMSG
 * (a clock file that was damaged after it had been opened). After an error nothing has changed.
 */
static inline int clock_step(struct clock *c, dur_ns add)
{
	return c->ops->step(c, add);
}

/*
 * Add `add` ns to the clock gradually, at 500 ppm, in place of any slew that is under way (as
 * adjtime(3) does). Errors as clock_step.
 */
static inline int clock_slew(struct clock *c, dur_ns add)
{
	return c->ops->slew(c, add);
}

/* What is left of a slew, ns, 0 when none is under way. 0 or -errno. */
static inline int clock_slew_left(struct clock *c, dur_ns *left)
{
	return c->ops->slew_left(c, left);
}

/*
 * From now on let the clock run `ppb` faster than it would by itself, in place of what was set
 * before; it does not jump, and a slew under way goes on. The correction stays after the process
 * has ended. Errors as clock_step; -ERANGE when |ppb| is more than CLOCK_MAX_FREQUENCY_PPB.
 */
static inline int clock_set_frequency(struct clock *c, int64_t ppb)
{
	return c->ops->set_frequency(c, ppb);
}

/* The correction of frequency in force, ppb. 0 or -errno. */
static inline int clock_frequency(struct clock *c, int64_t *ppb)
{
	return c->ops->frequency(c, ppb);
}

/* How good the clock says that it is. 0 or -errno. */
static inline int clock_quality(struct clock *c, struct clock_quality *out)
{
	return c->ops->quality(c, out);
}

/*
 * Have the clock say from now on that it is synchronised, and within `max_error` of UTC now;
 * INT64_MAX takes that back. Whoever claims it claims it anew as long as it is true, and takes it
 * back in the end. A clock that cannot say so (a file) does not mind. Errors as clock_step.
 */
static inline int clock_claim(struct clock *c, dur_ns max_error)
{
	return c->ops->claim ? c->ops->claim(c, max_error) : 0;
}

/*
 * What this clock, as it is set now, shows when CLOCK_REALTIME is `kernel`, a packet timestamp of
 * just now.
 */
static inline ts_ns clock_from_kernel(struct clock *c, ts_ns kernel)
{
	return c->ops->from_kernel(c, kernel);
}

/*
 * Wait for poll(2) events on `fd`, no longer than until `deadline`. 0, -ETIMEDOUT or -errno. A
 * clock whose time passes in a way of its own (a fiber's, a simulation's) waits in that way.
 */
int clock_wait(struct clock *c, int fd, short events, struct mono deadline);

/* Release the clock; null is fine. */
static inline void clock_close(struct clock *c)
{
	if (c) {
		c->ops->close(c);
	}
}

#endif
