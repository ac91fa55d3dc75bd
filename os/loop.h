/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * An event loop over poll(2): a handful of descriptors, one timer a user, and signals as events.
 * A transport with thousands of connections keeps them in an epoll of its own and gives the loop
 * that one descriptor.
 */
#ifndef OS_LOOP_H
#define OS_LOOP_H

#include <signal.h>

#include "core/ts.h"

#define LOOP_MAX_WATCHES 64
#define LOOP_MAX_TIMERS  32

struct loop;

/* Called when `fd` is readable, was closed by the other end, or is in error. */
typedef void loop_ready_fn(void *arg, int fd);

/*
 * Called when a timer is due, with the time of the call. Returns in how many ns to call it again;
 * negative: never, and its place is free again.
 */
typedef dur_ns loop_timer_fn(void *arg, struct mono now);

/* Called when one of the signals asked for has arrived, outside of any signal handler. */
typedef void loop_signal_fn(void *arg, int signo);

/* 0 or -ENOMEM. The caller releases it with loop_close. */
int loop_open(struct loop **out);

/*
 * Watch `fd` for input. The loop does not own it: unwatch it before closing it. 0, or -EBADF for a
 * negative one, -EEXIST if it is watched already, -ENOSPC. Any handler may watch and unwatch any
 * descriptor: one that is unwatched is not called any more, not even for input that is waiting.
 */
int loop_watch(struct loop *l, int fd, loop_ready_fn *ready, void *arg);

/* Stop watching `fd`; nothing happens if it is not watched. */
void loop_unwatch(struct loop *l, int fd);

/* Call `due` `first_in` ns from now and then as it asks. 0, or -EINVAL if negative, -ENOSPC. */
int loop_timer(struct loop *l, dur_ns first_in, loop_timer_fn *due, void *arg);

/*
 * Let the timer that calls due(arg) do so `in` ns from now, rather than when it would have; from
 * within that call the returned time counts. 0, or -EINVAL if negative, -ENOENT.
 */
int loop_timer_move(struct loop *l, dur_ns in, loop_timer_fn *due, void *arg);

/*
 * Block the signals of `set` and deliver them to `arrived` from now on; takes one of the watches.
 * Once a loop: -EBUSY after that. 0 or -errno. They stay blocked after loop_close, so that one
 * that comes late does not kill a process that is cleaning up.
 */
int loop_signals(struct loop *l, const sigset_t *set, loop_signal_fn *arrived, void *arg);

/*
 * Dispatch events until loop_stop is called: the status given to it, or -errno of poll, or -EBADF
 * if a watched descriptor was closed. Due timers are called in the order of their time.
 */
int loop_run(struct loop *l);

/*
 * Make loop_run return `status` once the current event has been handled; at once if none is. Other
 * events stay for a later loop_run.
 */
void loop_stop(struct loop *l, int status);

/* Release the loop, not the descriptors that it watches; null is fine. */
void loop_close(struct loop *l);

#endif
