/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/clock_system.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>
#include <sys/timex.h>
#include <time.h>

#include "core/arith.h"
#include "os/clock_mark.h"
#include "os/clock_rivals.h"
#include "os/clock_system_lock.h"

/* The limit of adjtime(3) where its microseconds are an int. */
#define MAX_SLEW ((INT_MAX / 1000000 - 2) * NS_PER_SEC)

#define KERNEL_PPM 65536 /* 1 ppm as the kernel counts frequency */

/*
 * A tick is the time, in us, that the kernel adds to the clock at each of 100 timer ticks a second,
 * as the standard interface counts them. So one more or less is a correction of 100 ppm.
 */
#define TICKS    100
#define TICK_US  (1000000 / TICKS)
#define TICK_PPB (TICKS * 1000)

/* The disciplines of the clock in the kernel. */
#define DISCIPLINES (STA_PLL | STA_FLL | STA_PPSFREQ | STA_PPSTIME)

/* For so long the clock is watched for changes that somebody else makes. */
#define WATCHED (NS_PER_SEC / 2)

/* The limit of ADJ_FREQUENCY without a change of the tick. */
#define MAX_FINE_PPB 500000

static int64_t read_clock(clockid_t id)
{
	/* Cannot fail: the clock exists and the address is good. */
	struct timespec t = { 0 };

	clock_gettime(id, &t);
	return (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
}

/* The kernel's time state, TIME_OK and so on, or -errno. */
static int adjust_kernel(struct timex *request)
{
	int state = clock_adjtime(CLOCK_REALTIME, request);

	return state < 0 ? -errno : state;
}

static ts_ns system_now(struct clock *c)
{
	(void)c;
	return read_clock(CLOCK_REALTIME);
}

static struct mono system_mono(struct clock *c)
{
	(void)c;
	return (struct mono){ .ns = read_clock(CLOCK_BOOTTIME) };
}

/* --- marks ------------------------------------------------------------------------------------ */

static int system_slew_left(struct clock *c, dur_ns *left)
{
	struct timex request = { .modes = ADJ_OFFSET_SS_READ };
	int state = adjust_kernel(&request);

	(void)c;
	if (state < 0) {
		return state;
	}
	*left = request.offset * NS_PER_US;
	return 0;
}

static int system_mark(struct clock *c, struct clock_mark *out)
{
	struct timex request = { .modes = 0 };
	int state = adjust_kernel(&request);

	if (state < 0) {
		return state;
	}
	out->frequency = request.freq;
	out->tick = request.tick;
	clock_mark_read_ahead(out);
	return system_slew_left(c, &out->slew_left);
}

static int system_unchanged(struct clock *c, const struct clock_mark *since)
{
	struct clock_mark now;
	const int rc = system_mark(c, &now);

	return rc == 0 && !clock_mark_left_alone(since, &now) ? -ESTALE : rc;
}

/* --- adjusting -------------------------------------------------------------------------------- */

/* Whether a correction that was measured at a mark may be applied: 0, -ESTALE, -EBUSY or -errno. */
static int check_mark(struct clock *c, const struct clock_mark *since)
{
	struct clock_keeper other;

	return clock_system_lock_kept(&other) ? -EBUSY : system_unchanged(c, since);
}

/* Ask the kernel to adjust the clock, if it is still that of the mark. 0 or -errno. */
static int adjust(struct clock *c, struct timex *request, struct clock_mark *since)
{
	const int lock = clock_system_lock();
	int rc = since ? check_mark(c, since) : 0;

	if (rc == 0) {
		rc = adjust_kernel(request);
	}
	if (rc >= 0 && since) {
		(void)system_mark(c, since); /* without one the next adjustment is -ESTALE */
	}
	clock_system_unlock(lock);
	return rc < 0 ? rc : 0;
}

/*
 * The kernel checks the privilege first, and then refuses a tick of 0. So this changes nothing in
 * either case.
 */
static int system_may_adjust(struct clock *c)
{
	struct timex request = { .modes = ADJ_TICK, .tick = 0 };
	const int state = adjust_kernel(&request);

	(void)c;
	return state == -EINVAL || state >= 0 ? 0 : state;
}

static int system_keep(struct clock *c, enum clock_keeper_kind as, struct clock_keeper *other)
{
	(void)c;
	return clock_system_lock_keep(as, other);
}

static bool system_kept(struct clock *c, struct clock_keeper *by)
{
	(void)c;
	return clock_system_lock_kept(by);
}

static int system_step(struct clock *c, dur_ns add, struct clock_mark *since)
{
	struct timex request = { .modes = ADJ_SETOFFSET | ADJ_NANO };
	int64_t seconds = add / NS_PER_SEC;
	int64_t rest = add % NS_PER_SEC;

	if (!clock_can_add(clock_now(c), add)) {
		return -ERANGE;
	}
	if (rest < 0) { /* the kernel wants the part below a second positive, also of a step back */
		seconds--;
		rest += NS_PER_SEC;
	}
	request.time.tv_sec = (time_t)seconds;
	request.time.tv_usec = (suseconds_t)rest; /* nanoseconds, by ADJ_NANO */
	return adjust(c, &request, since);
}

/* Whether the clock does not stay as it is. */
static bool is_changed_by_somebody(struct clock *c)
{
	struct clock_mark mark;

	if (system_mark(c, &mark) != 0) {
		return false;
	}
	(void)clock_wait(c, -1, 0, mono_add(system_mono(c), WATCHED));
	return system_unchanged(c, &mark) == -ESTALE;
}

/* A slew that one of our keepers has left is no rival's. */
static bool system_has_rival(struct clock *c, struct clock_rival *out)
{
	struct timex request = { .modes = 0 };

	if (clock_rivals_find("/proc", out)) {
		return true;
	}
	*out = (struct clock_rival){ .kind = CLOCK_RIVAL_KERNEL };
	if (adjust_kernel(&request) >= 0 && (request.status & DISCIPLINES) != 0) {
		return true;
	}
	out->kind = CLOCK_RIVAL_SLEW;
	if (!clock_system_lock_was_kept() && system_slew_left(c, &out->left) == 0 &&
	    out->left != 0) {
		return true;
	}
	out->kind = CLOCK_RIVAL_CHANGES;
	return is_changed_by_somebody(c);
}

/* A step by nothing ends what the kernel still has to correct. */
static int system_take_over(struct clock *c)
{
	struct timex request = { .modes = 0 };
	int rc = adjust_kernel(&request);

	if (rc >= 0 && (request.status & DISCIPLINES) != 0) {
		request.modes = ADJ_STATUS;
		request.status &= ~DISCIPLINES;
		rc = adjust_kernel(&request);
	}
	return rc < 0 ? rc : system_step(c, 0, NULL);
}

static int system_slew(struct clock *c, dur_ns add, struct clock_mark *since)
{
	struct timex request = { .modes = ADJ_OFFSET_SINGLESHOT };
	dur_ns half = add < 0 ? -NS_PER_US / 2 : NS_PER_US / 2;

	if (add < -MAX_SLEW || add > MAX_SLEW) {
		return -ERANGE;
	}
	request.offset = (long)((add + half) / NS_PER_US);
	return adjust(c, &request, since);
}

static dur_ns system_max_slew(struct clock *c)
{
	(void)c;
	return MAX_SLEW;
}

/* To the nearest, so that a frequency in ppb comes back from the kernel as it was set. */
static int64_t divide_rounded(int64_t number, int64_t by)
{
	int64_t half = number < 0 ? -by / 2 : by / 2;

	return (number + half) / by;
}

static int set_frequency(struct clock *c, int64_t ppb, struct clock_mark *since)
{
	struct timex request = { .modes = ADJ_FREQUENCY | ADJ_TICK };
	int64_t ticks = 0;

	if (ppb < -MAX_FINE_PPB || ppb > MAX_FINE_PPB) {
		ticks = divide_rounded(ppb, TICK_PPB);
	}
	request.tick = (long)(TICK_US + ticks);
	request.freq = (long)divide_rounded((ppb - ticks * TICK_PPB) * KERNEL_PPM, 1000);
	return adjust(c, &request, since);
}

static int system_set_frequency(struct clock *c, int64_t ppb, const struct clock_slew *slew,
				struct clock_mark *since)
{
	const int64_t most = DRIFT_CORRECTABLE_PPB;
	const struct clock_system_note note = { arith_add(ppb, slew->ppb), slew->ppb };
	int rc;

	if (note.frequency_ppb < -most || note.frequency_ppb > most) {
		return -ERANGE;
	}
	/* First, as a note of a frequency that is not in force is of no effect. */
	if (slew->ppb != 0) {
		clock_system_lock_note(&note);
	}
	rc = set_frequency(c, note.frequency_ppb, since);
	if (rc == 0 && slew->ppb == 0) {
		clock_system_lock_note(&note);
	}
	return rc;
}

static int system_frequency(struct clock *c, int64_t *ppb)
{
	struct timex request = { .modes = 0 };
	int state = adjust_kernel(&request);

	(void)c;
	if (state < 0) {
		return state;
	}
	*ppb = (int64_t)(request.tick - TICK_US) * TICK_PPB +
	       divide_rounded((int64_t)request.freq * 1000, KERNEL_PPM);
	return 0;
}

static int64_t system_frequency_slew(struct clock *c)
{
	struct clock_system_note note;
	int64_t ppb;

	return clock_system_lock_noted(&note) && system_frequency(c, &ppb) == 0 &&
			       ppb == note.frequency_ppb
		       ? note.slew_ppb
		       : 0;
}

static int64_t system_max_frequency(struct clock *c)
{
	(void)c;
	return DRIFT_CORRECTABLE_PPB;
}

static enum clock_leap leap_of(int state)
{
	switch (state) {
	case TIME_OK:
	case TIME_WAIT: /* the leap second is over, its announcement not yet withdrawn */
		return CLOCK_LEAP_NONE;
	case TIME_INS:
		return CLOCK_LEAP_INSERT;
	case TIME_DEL:
		return CLOCK_LEAP_DELETE;
	case TIME_OOP:
		return CLOCK_LEAP_IN_PROGRESS;
	default: /* TIME_ERROR: not synchronised */
		return CLOCK_LEAP_UNKNOWN;
	}
}

static int system_quality(struct clock *c, struct clock_quality *out)
{
	struct timex request = { .modes = 0 };
	int state = adjust_kernel(&request);

	(void)c;
	if (state < 0) {
		return state;
	}
	*out = (struct clock_quality){
		.synchronised = !(request.status & STA_UNSYNC),
		.max_error = request.maxerror * NS_PER_US,
		.leap = leap_of(state),
	};
	return 0;
}

/* The other bits of the status, as of a coming leap second, stay as they are. */
static int system_claim(struct clock *c, dur_ns max_error)
{
	struct timex request = { .modes = 0 };
	int state = adjust_kernel(&request);

	(void)c;
	if (state < 0) {
		return state;
	}
	if (max_error < CLOCK_SYSTEM_MAX_CLAIM) {
		request.status &= ~STA_UNSYNC;
	} else { /* some, as timedatectl(1), look at the error alone */
		request.status |= STA_UNSYNC;
		max_error = CLOCK_SYSTEM_MAX_CLAIM;
	}
	request.modes = ADJ_STATUS | ADJ_MAXERROR | ADJ_ESTERROR;
	request.maxerror = (long)((max_error + NS_PER_US - 1) / NS_PER_US);
	request.esterror = request.maxerror;
	state = adjust_kernel(&request);
	return state < 0 ? state : 0;
}

static ts_ns system_from_kernel(struct clock *c, ts_ns kernel)
{
	(void)c;
	return kernel;
}

static void system_close(struct clock *c)
{
	(void)c;
}

static const struct clock_ops system_ops = {
	.now = system_now,
	.mono = system_mono,
	.mark = system_mark,
	.unchanged = system_unchanged,
	.step = system_step,
	.slew = system_slew,
	.slew_left = system_slew_left,
	.max_slew = system_max_slew,
	.set_frequency = system_set_frequency,
	.frequency = system_frequency,
	.frequency_slew = system_frequency_slew,
	.may_adjust = system_may_adjust,
	.keep = system_keep,
	.kept = system_kept,
	.has_rival = system_has_rival,
	.take_over = system_take_over,
	.max_frequency = system_max_frequency,
	.quality = system_quality,
	.claim = system_claim,
	.from_kernel = system_from_kernel,
	.close = system_close,
};

int clock_system_give(uid_t uid, gid_t gid)
{
	return clock_system_lock_give(uid, gid);
}

struct clock *clock_system(void)
{
	/* Never written to; it is not const because every other clock's state may change. */
	static struct clock system_clock = { .ops = &system_ops };

	return &system_clock;
}
