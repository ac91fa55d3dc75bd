/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/loop.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "os/clock_system.h"

struct watch {
	loop_ready_fn *ready;
	void *arg;
};

/* --- the table of timers -------------------------------------------------------------------- */

struct timer {
	loop_timer_fn *due; /* null: this place is free */
	void *arg;
	struct mono deadline;
};

struct timers {
	struct timer all[LOOP_MAX_TIMERS];
};

static struct mono deadline_after(struct mono now, dur_ns wait)
{
	if (wait > INT64_MAX - now.ns) {
		return (struct mono){ .ns = INT64_MAX };
	}
	return mono_add(now, wait);
}

/* The timer that calls due(arg), a free place for nulls; or null. */
static struct timer *find(struct timers *t, loop_timer_fn *due, const void *arg)
{
	for (size_t i = 0; i < LOOP_MAX_TIMERS; i++) {
		if (t->all[i].due == due && (!due || t->all[i].arg == arg)) {
			return &t->all[i];
		}
	}
	return NULL;
}

static int add_timer(struct timers *t, dur_ns first_in, loop_timer_fn *due, void *arg,
		     struct mono now)
{
	struct timer *free_one = find(t, NULL, NULL);

	if (first_in < 0) {
		return -EINVAL;
	}
	if (!free_one) {
		return -ENOSPC;
	}
	*free_one = (struct timer){ due, arg, deadline_after(now, first_in) };
	return 0;
}

static int move_timer(struct timers *t, dur_ns in, loop_timer_fn *due, const void *arg,
		      struct mono now)
{
	struct timer *moved = find(t, due, arg);

	if (in < 0) {
		return -EINVAL;
	}
	if (!moved) {
		return -ENOENT;
	}
	moved->deadline = deadline_after(now, in);
	return 0;
}

/* The timer with the earliest deadline, or null if there is none. */
static struct timer *next_timer(struct timers *t)
{
	struct timer *next = NULL;

	for (size_t i = 0; i < LOOP_MAX_TIMERS; i++) {
		struct timer *one = &t->all[i];

		if (one->due && (!next || mono_since(one->deadline, next->deadline) < 0)) {
			next = one;
		}
	}
	return next;
}

/* Call it at `now`, and note when to call it again. */
static void call_timer(struct timer *t, struct mono now)
{
	const dur_ns wait = t->due(t->arg, now);

	if (wait < 0) {
		t->due = NULL;
	} else {
		t->deadline = deadline_after(now, wait);
	}
}

/* --- the loop ------------------------------------------------------------------------------- */

/*
 * A watch keeps its place in both arrays for as long as it lives, and a free place has a negative
 * descriptor, which poll skips: so handlers can watch and unwatch while events are dispatched.
 */
struct loop {
	struct pollfd polled[LOOP_MAX_WATCHES];
	struct watch watches[LOOP_MAX_WATCHES];
	nfds_t used; /* places at and after this one were never used */
	struct timers timers;
	int signal_fd; /* -1 until loop_signals */
	loop_signal_fn *signal_arrived;
	void *signal_arg;
	bool stopping;
	int status;
};

static struct mono mono_now(void)
{
	return clock_mono(clock_system());
}

int loop_open(struct loop **out)
{
	struct loop *l = calloc(1, sizeof(*l));

	if (!l) {
		return -ENOMEM;
	}
	l->signal_fd = -1;
	*out = l;
	return 0;
}

void loop_close(struct loop *l)
{
	if (l && l->signal_fd >= 0) {
		close(l->signal_fd);
	}
	free(l);
}

void loop_stop(struct loop *l, int status)
{
	l->stopping = true;
	l->status = status;
}

/* --- descriptors ---------------------------------------------------------------------------- */

/* The place of the watch of `fd`, or `used` if there is none. */
static nfds_t find_watch(const struct loop *l, int fd)
{
	nfds_t i = 0;

	while (i < l->used && l->polled[i].fd != fd) {
		i++;
	}
	return i;
}

static nfds_t find_free_watch(const struct loop *l)
{
	nfds_t i = 0;

	while (i < l->used && l->polled[i].fd >= 0) {
		i++;
	}
	return i;
}

int loop_watch(struct loop *l, int fd, loop_ready_fn *ready, void *arg)
{
	nfds_t place = find_free_watch(l);

	if (fd < 0) {
		return -EBADF;
	}
	if (find_watch(l, fd) < l->used) {
		return -EEXIST;
	}
	if (place == LOOP_MAX_WATCHES) {
		return -ENOSPC;
	}
	/* No revents: events reported for the last holder of this place are not for this one. */
	l->polled[place] = (struct pollfd){ .fd = fd, .events = POLLIN };
	l->watches[place] = (struct watch){ .ready = ready, .arg = arg };
	if (place == l->used) {
		l->used++;
	}
	return 0;
}

void loop_unwatch(struct loop *l, int fd)
{
	nfds_t place = fd < 0 ? l->used : find_watch(l, fd);

	if (place < l->used) {
		l->polled[place] = (struct pollfd){ .fd = -1 };
	}
}

static int dispatch_ready(struct loop *l)
{
	for (nfds_t i = 0; i < l->used && !l->stopping; i++) {
		short events = l->polled[i].revents;

		l->polled[i].revents = 0;
		if (events & POLLNVAL) {
			return -EBADF;
		}
		if (events) {
			l->watches[i].ready(l->watches[i].arg, l->polled[i].fd);
		}
	}
	return 0;
}

/* --- timers --------------------------------------------------------------------------------- */

int loop_timer(struct loop *l, dur_ns first_in, loop_timer_fn *due, void *arg)
{
	return add_timer(&l->timers, first_in, due, arg, mono_now());
}

int loop_timer_move(struct loop *l, dur_ns in, loop_timer_fn *due, void *arg)
{
	return move_timer(&l->timers, in, due, arg, mono_now());
}

static void dispatch_timers(struct loop *l)
{
	/*
	 * Only timers that were due at the start, so that one that is always due starves no other.
	 */
	struct mono start = mono_now();

	while (!l->stopping) {
		struct timer *t = next_timer(&l->timers);

		if (!t || mono_since(t->deadline, start) > 0) {
			return;
		}
		call_timer(t, mono_now());
	}
}

/* --- signals -------------------------------------------------------------------------------- */

static void deliver_signals(void *arg, int fd)
{
	struct loop *l = arg;
	struct signalfd_siginfo info;

	while (!l->stopping && read(fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		l->signal_arrived(l->signal_arg, (int)info.ssi_signo);
	}
}

int loop_signals(struct loop *l, const sigset_t *set, loop_signal_fn *arrived, void *arg)
{
	int fd;
	int err;

	if (l->signal_fd >= 0) {
		return -EBUSY;
	}
	fd = signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (fd < 0) {
		return -errno;
	}
	err = loop_watch(l, fd, deliver_signals, l);
	if (!err && sigprocmask(SIG_BLOCK, set, NULL) < 0) {
		err = -errno;
		loop_unwatch(l, fd);
	}
	if (err) {
		close(fd);
		return err;
	}
	l->signal_fd = fd;
	l->signal_arrived = arrived;
	l->signal_arg = arg;
	return 0;
}

/* --- running -------------------------------------------------------------------------------- */

static struct timespec time_until(struct mono deadline)
{
	dur_ns wait = mono_since(deadline, mono_now());

	if (wait < 0) {
		wait = 0;
	}
	return (struct timespec){ .tv_sec = wait / NS_PER_SEC, .tv_nsec = wait % NS_PER_SEC };
}

/* How many descriptors have events, 0 at a timeout or a stray signal, or -errno. */
static int wait_for_events(struct loop *l)
{
	const struct timer *next = next_timer(&l->timers);
	struct timespec wait = { 0 };
	int ready;

	if (next) {
		wait = time_until(next->deadline);
	}
	ready = ppoll(l->polled, l->used, next ? &wait : NULL, NULL);
	if (ready < 0) {
		return errno == EINTR ? 0 : -errno;
	}
	return ready;
}

int loop_run(struct loop *l)
{
	while (!l->stopping) {
		int ready = wait_for_events(l);
		int err = ready > 0 ? dispatch_ready(l) : ready;

		if (err) {
			return err;
		}
		dispatch_timers(l);
	}
	l->stopping = false;
	return l->status;
}
