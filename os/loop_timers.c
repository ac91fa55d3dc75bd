/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/loop_timers.h"

#include <errno.h>
#include <stddef.h>

static struct mono deadline_after(struct mono now, dur_ns wait)
{
	if (wait > INT64_MAX - now.ns) {
		return (struct mono){ .ns = INT64_MAX };
	}
	return mono_add(now, wait);
}

/* The timer that calls due(arg), a free place for nulls; or null. */
static struct loop_timer *find(struct loop_timers *t, loop_timer_fn *due, const void *arg)
{
	for (size_t i = 0; i < LOOP_MAX_TIMERS; i++) {
		if (t->all[i].due == due && (!due || t->all[i].arg == arg)) {
			return &t->all[i];
		}
	}
	return NULL;
}

int loop_timers_add(struct loop_timers *t, dur_ns first_in, loop_timer_fn *due, void *arg,
		    struct mono now)
{
	struct loop_timer *free_one = find(t, NULL, NULL);

	if (first_in < 0) {
		return -EINVAL;
	}
	if (!free_one) {
		return -ENOSPC;
	}
	*free_one = (struct loop_timer){ due, arg, deadline_after(now, first_in) };
	return 0;
}

int loop_timers_move(struct loop_timers *t, dur_ns in, loop_timer_fn *due, const void *arg,
		     struct mono now)
{
	struct loop_timer *moved = find(t, due, arg);

	if (in < 0) {
		return -EINVAL;
	}
	if (!moved) {
		return -ENOENT;
	}
	moved->deadline = deadline_after(now, in);
	return 0;
}

struct loop_timer *loop_timers_next(struct loop_timers *t)
{
	struct loop_timer *next = NULL;

	for (size_t i = 0; i < LOOP_MAX_TIMERS; i++) {
		struct loop_timer *one = &t->all[i];

		if (one->due && (!next || mono_since(one->deadline, next->deadline) < 0)) {
			next = one;
		}
	}
	return next;
}

void loop_timers_call(struct loop_timer *t, struct mono now)
{
	const dur_ns wait = t->due(t->arg, now);

	if (wait < 0) {
		t->due = NULL;
	} else {
		t->deadline = deadline_after(now, wait);
	}
}
