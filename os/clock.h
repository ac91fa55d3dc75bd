/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A clock: what a daemon serves and a client adjusts. Two implementations, clock_system and
 * clock_file; tests add their own.
 */
#ifndef OS_CLOCK_H
#define OS_CLOCK_H

#include <stddef.h>

#include "core/continuity.h"
#include "core/drift_limits.h"
#include "core/ts.h"

enum clock_leap {
	CLOCK_LEAP_NONE,
	CLOCK_LEAP_INSERT,
	CLOCK_LEAP_DELETE,
	CLOCK_LEAP_IN_PROGRESS,
	CLOCK_LEAP_UNKNOWN,
};

struct clock_quality {
	bool synchronised; /* something disciplines this clock; else max_error means nothing */
	dur_ns max_error;  /* the clock is within this of UTC */
	enum clock_leap leap;
};

/*
 * The state of a clock at an instant; the fields are for its implementation. A correction that
 * follows from a measurement is for the clock that was measured: a mark taken before the first
 * timestamp tells whether somebody else has changed it since.
 */
struct clock_mark {
	uint64_t generation; /* of a clock file */
	dur_ns ahead;        /* CLOCK_REALTIME minus CLOCK_BOOTTIME, which only a step changes, */
	dur_ns ahead_error;  /* to within this */
	struct mono at;      /* when that was */
	dur_ns slew_left;    /* of the system clock, as the kernel has it */
	int64_t frequency, tick; /* the same, in the kernel's units */
	dur_ns asleep;           /* how long the machine had been suspended; see os/suspend */
};

/* The keeper of a clock, which adjusts it continuously. */
enum clock_keeper_kind {
	CLOCK_KEEPER_TRACK,    /* timesync track */
	CLOCK_KEEPER_GROUP,    /* the agent of a group, of timesyncd */
	CLOCK_KEEPER_UPSTREAM, /* its tracker */
	CLOCK_KEEPER_OTHER,
};

struct clock_keeper {
	enum clock_keeper_kind kind;
	long pid; /* 0: not to be seen from here */
};

/* Rivals steer a clock beside its keepers, which are the programs of this project. */
enum clock_rival_kind {
	CLOCK_RIVAL_PROGRAM, /* a daemon: `name`, `pid` */
	CLOCK_RIVAL_KERNEL,  /* the kernel's PLL or FLL, which ntpd and systemd-timesyncd turn on */
	CLOCK_RIVAL_SLEW,    /* by adjtime(3), with `left` ns to go */
	CLOCK_RIVAL_CHANGES, /* the clock was changed while it was looked at */
};

struct clock_rival {
	enum clock_rival_kind kind;
	const char *name; /* static */
	long pid;
	dur_ns left;
};

#define CLOCK_RIVAL_TEXT_MAX 160

/*
 * A slew by frequency: the addition to the rate, and its duration, if the clock ends it by itself.
 * All zeros is none.
 */
struct clock_slew {
	int64_t ppb;
	dur_ns lasts;
};

struct clock;

struct clock_ops {
	ts_ns (*now)(struct clock *c);
	struct mono (*mono)(struct clock *c);
	int (*mark)(struct clock *c, struct clock_mark *out); /* both or neither */
	int (*unchanged)(struct clock *c, const struct clock_mark *since);
	int (*step)(struct clock *c, dur_ns add, struct clock_mark *since);
	int (*slew)(struct clock *c, dur_ns add, struct clock_mark *since);
	int (*slew_left)(struct clock *c, dur_ns *left);
	dur_ns (*max_slew)(struct clock *c);
	int (*set_frequency)(struct clock *c, int64_t ppb, const struct clock_slew *slew,
			     struct clock_mark *since);
	bool (*ends_slews)(struct clock *c); /* or null: it does not */
	int (*frequency)(struct clock *c, int64_t *ppb);
	int64_t (*frequency_slew)(struct clock *c);
	int (*may_adjust)(struct clock *c); /* or null */
	int (*keep)(struct clock *c, enum clock_keeper_kind as, struct clock_keeper *other);
	bool (*kept)(struct clock *c, struct clock_keeper *by); /* both or neither */
	bool (*has_rival)(struct clock *c, struct clock_rival *out);
	int (*take_over)(struct clock *c); /* both or neither */
	int (*check)(struct clock *c);     /* or null */
	int64_t (*max_frequency)(struct clock *c);
	int64_t (*rate)(struct clock *c); /* or null: that of the monotonic clock */
	int (*quality)(struct clock *c, struct clock_quality *out);
	int (*claim)(struct clock *c, dur_ns max_error); /* or null */
	ts_ns (*from_kernel)(struct clock *c, ts_ns kernel);
	int (*wait)(struct clock *c, int fd, short events, struct mono deadline); /* or null */
	void (*close)(struct clock *c);
};

/* Embedded first in each implementation's own struct. */
struct clock {
	const struct clock_ops *ops;
	int cancel_fd; /* see clock_cancel_by; 0: none */
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

/*
 * The monotonic clock, for deadlines and for the age of bounds. It goes on while the machine is
 * suspended (CLOCK_BOOTTIME).
 */
static inline struct mono clock_mono(struct clock *c)
{
	return c->ops->mono(c);
}

/*
 * Mark the clock's present state, before the first timestamp of a measurement. 0 or -errno. A clock
 * that nobody else can change (a test's) marks nothing.
 */
static inline int clock_mark(struct clock *c, struct clock_mark *out)
{
	*out = (struct clock_mark){ .generation = 0 };
	return c->ops->mark ? c->ops->mark(c, out) : 0;
}

/*
 * Whether nobody else has changed the clock since, nor was the machine suspended: 0, -ESTALE, or
 * -errno. For corrections see clock_step_since: here the answer may be wrong a moment later.
 */
static inline int clock_unchanged(struct clock *c, const struct clock_mark *since)
{
	return c->ops->unchanged ? c->ops->unchanged(c, since) : 0;
}

/*
 * Add `add` ns to the clock at once; a slew in progress ends, as it was meant for the clock before
 * the step. 0, or -EPERM, -EROFS (opened read-only), -EINVAL (the kernel refused it), -ERANGE (the
 * clock would leave [0, TS_LIMIT), or the amount is more than it can take), -EBADMSG (a clock file
 * that was damaged after it had been opened), -ENOENT (one that was removed). After an error
 * nothing has changed.
 *
 * This adds to any other change of the clock at the same time: it is for setting the clock by hand.
 */
static inline int clock_step(struct clock *c, dur_ns add)
{
	return c->ops->step(c, add, NULL);
}

/*
 * Add `add` ns to the clock gradually, at 500 ppm, in place of any slew in progress (as adjtime(3)
 * does). Errors as clock_step.
 */
static inline int clock_slew(struct clock *c, dur_ns add)
{
	return c->ops->slew(c, add, NULL);
}

/*
 * The same for a correction that was measured: -ESTALE when somebody else has stepped or slewed the
 * clock, or changed its frequency, since it was marked, and -EBUSY when another process keeps it.
 * The compared state cannot change before the clock has been adjusted, if others use this interface
 * too. After a success the mark is of the clock as it was left, so that several adjustments may
 * follow from one measurement.
 */
static inline int clock_step_since(struct clock *c, struct clock_mark *since, dur_ns add)
{
	return c->ops->step(c, add, since);
}

static inline int clock_slew_since(struct clock *c, struct clock_mark *since, dur_ns add)
{
	return c->ops->slew(c, add, since);
}

/* The largest slew that the clock takes, ns; 0: it takes any. */
static inline dur_ns clock_max_slew(struct clock *c)
{
	return c->ops->max_slew ? c->ops->max_slew(c) : 0;
}

/* The rest of a slew, ns, 0 when none is under way. 0 or -errno. */
static inline int clock_slew_left(struct clock *c, dur_ns *left)
{
	return c->ops->slew_left(c, left);
}

/*
 * From now on let the clock run `ppb` faster than its natural rate, in place of an earlier setting;
 * it does not jump, and a slew in progress goes on. The correction stays after the process has
 * ended. Errors as clock_step; -ERANGE when |ppb| is more than clock_max_frequency says.
 */
static inline int clock_set_frequency(struct clock *c, int64_t ppb)
{
	return c->ops->set_frequency(c, ppb, &(struct clock_slew){ .ppb = 0 }, NULL);
}

/* The same, by a measurement; see clock_step_since. */
static inline int clock_set_frequency_since(struct clock *c, struct clock_mark *since, int64_t ppb)
{
	return c->ops->set_frequency(c, ppb, &(struct clock_slew){ .ppb = 0 }, since);
}

/*
 * The same to `ppb`, and for the time of the slew to that plus its rate. If the clock does not end
 * the slew by itself, the caller ends it by setting the frequency again. The slew is noted with the
 * clock, in case this process is killed.
 */
static inline int clock_slew_by_frequency_since(struct clock *c, struct clock_mark *since,
						int64_t ppb, const struct clock_slew *slew)
{
	return c->ops->set_frequency(c, ppb, slew, since);
}

/*
 * Whether a slew by frequency ends by itself, when CLOCK_REALTIME has gone on by as much as it was
 * to last.
 */
static inline bool clock_ends_slews(struct clock *c)
{
	return c->ops->ends_slews && c->ops->ends_slews(c);
}

/* The correction of frequency in force, a slew included, ppb. 0 or -errno. */
static inline int clock_frequency(struct clock *c, int64_t *ppb)
{
	return c->ops->frequency(c, ppb);
}

/*
 * The part of that which clock_slew_by_frequency_since has added and not ended, ppb; 0 if that is
 * not known: the clock has no such notes, or others have set the frequency since.
 */
static inline int64_t clock_frequency_slew(struct clock *c)
{
	return c->ops->frequency_slew ? c->ops->frequency_slew(c) : 0;
}

/*
 * The correction of frequency that lasts, and apart from it that slew, ppb, of the same instant:
 * the clock may end the slew between two questions. 0 or -errno.
 */
int clock_frequency_apart(struct clock *c, int64_t *ppb, int64_t *slew_ppb);

/*
 * Whether this process may adjust the clock, to be asked before anything is measured: 0, or -EPERM,
 * -EROFS (opened read-only) or another -errno. Changes nothing.
 */
static inline int clock_may_adjust(struct clock *c)
{
	return c->ops->may_adjust ? c->ops->may_adjust(c) : 0;
}

/*
 * Keep the clock from now on, until it is closed or this process has ended: nobody else can, and
 * corrections that were measured by others are refused. The system clock is kept until the process
 * ends. 0, or -EBUSY with *other when another process keeps it already, or -errno.
 */
static inline int clock_keep(struct clock *c, enum clock_keeper_kind as, struct clock_keeper *other)
{
	return c->ops->keep ? c->ops->keep(c, as, other) : 0;
}

/* Whether another process keeps the clock, and which. */
static inline bool clock_is_kept(struct clock *c, struct clock_keeper *by)
{
	return c->ops->kept && c->ops->kept(c, by);
}

/*
 * Whether something else steers the clock, and what, to be asked before it is kept. The clock is
 * watched for half a second.
 */
static inline bool clock_has_rival(struct clock *c, struct clock_rival *out)
{
	return c->ops->has_rival && c->ops->has_rival(c, out);
}

/*
 * End the kernel's own corrections: its PLL or FLL with the rest of their correction, and a slew.
 * The frequency remains. Errors as clock_step.
 */
static inline int clock_take_over(struct clock *c)
{
	return c->ops->take_over ? c->ops->take_over(c) : 0;
}

/* In words, as a clause: "chronyd, pid 123, steers it". Returns `buf`. */
const char *clock_rival_text(const struct clock_rival *r, char buf[CLOCK_RIVAL_TEXT_MAX]);

/* The text of an error of this interface, to follow "cannot ... the clock: "; static. */
const char *clock_error_text(int error);

/* Its name: "timesync track", ...; a static string. */
const char *clock_keeper_name(enum clock_keeper_kind kind);

/*
 * Whether the clock can be read: 0, or -EBADMSG when its file has been cut off or damaged since it
 * was opened. Such a clock shows the system clock's time. Of a clock that was opened to be adjusted
 * also -ENOENT: its file has been removed, and nobody else sees it any more.
 */
static inline int clock_check(struct clock *c)
{
	return c->ops->check ? c->ops->check(c) : 0;
}

/* By how much this clock can be corrected, ppb: at most DRIFT_CORRECTABLE_PPB. */
static inline int64_t clock_max_frequency(struct clock *c)
{
	return c->ops->max_frequency(c);
}

/*
 * By how much the clock runs faster than the monotonic clock now, ppb, a slew aside. (A frequency
 * correction of the system clock changes the monotonic clock as well.)
 */
static inline int64_t clock_rate(struct clock *c)
{
	return c->ops->rate ? c->ops->rate(c) : 0;
}

/* Read it in such a way that a later reading tells whether it was stepped in between. */
struct reading clock_read(struct clock *c);

/* How good the clock says that it is. 0 or -errno. */
static inline int clock_quality(struct clock *c, struct clock_quality *out)
{
	return c->ops->quality(c, out);
}

/*
 * Claim that the clock is synchronised, and within `max_error` of UTC now; INT64_MAX withdraws the
 * claim. The caller renews the claim as long as it is true, and withdraws it at its end. A clock
 * that cannot say so (a file) does not mind. Errors as clock_step.
 */
static inline int clock_claim(struct clock *c, dur_ns max_error)
{
	return c->ops->claim ? c->ops->claim(c, max_error) : 0;
}

/*
 * The time of this clock, as it is set now, at the instant when CLOCK_REALTIME is `kernel`, a
 * recent packet timestamp.
 */
static inline ts_ns clock_from_kernel(struct clock *c, ts_ns kernel)
{
	return c->ops->from_kernel(c, kernel);
}

/*
 * From now on a descriptor calls waits off: while it can be read, and nobody reads it here, every
 * wait on this clock ends with -ECANCELED, in all threads. So a measurement on it ends at once,
 * however many calls and servers it takes. 0: nothing does any more.
 */
static inline void clock_cancel_by(struct clock *c, int fd)
{
	c->cancel_fd = fd;
}

/*
 * Wait for poll(2) events on `fd` (-1: for none), no longer than until `deadline`. 0, -ETIMEDOUT,
 * -ECANCELED or -errno. A clock with its own kind of time (a test's) waits in that time.
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
