/* SPDX-License-Identifier: BSD-3-Clause */
#include "lib/timesync_now.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <time.h>

#include "core/bound.h"
#include "os/bound_page.h"
#include "os/suspend.h"

#define PUBLIC __attribute__((visibility("default")))

_Static_assert((int)TIMESYNC_UNKNOWN == (int)BOUND_UNKNOWN &&
		       (int)TIMESYNC_HOLD_OVER == (int)BOUND_HOLD_OVER &&
		       (int)TIMESYNC_SYNCHRONISED == (int)BOUND_SYNCHRONISED,
	       "the states are the same");

struct timesync_page {
	struct bound_page *shared;
	uint64_t boot;
	/*
	 * What was found out already, as checking costs more than reading the clock: threads may
	 * find it out twice.
	 */
	_Atomic uint64_t checked;    /* 1 + the generation of a record that is of use */
	_Atomic int64_t awake_until; /* the machine has not slept between that and this instant */
};

static int64_t read_clock(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t); /* cannot fail: the clock exists and the address is good */
	return (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
}

PUBLIC int timesync_open(struct timesync_page **page, const char *clock_file)
{
	char path[PATH_MAX];
	int rc = bound_page_path(clock_file, path, sizeof(path));
	struct timesync_page *p;

	if (rc != 0) {
		return rc;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		return -ENOMEM;
	}
	rc = bound_page_boot(&p->boot);
	if (rc == 0) {
		rc = bound_page_map(path, &p->shared, NULL);
	}
	if (rc != 0) {
		free(p);
		return rc;
	}
	*page = p;
	return 0;
}

PUBLIC void timesync_close(struct timesync_page *page)
{
	if (page) {
		bound_page_unmap(page->shared);
		free(page);
	}
}

/*
 * Whether the machine was suspended since the record: then nobody knows by how much its clocks are
 * wrong. The coarse clock costs little, and is late by the time since the last tick.
 */
static bool has_slept(const struct bound *bound, struct mono now)
{
	const dur_ns at_most = now.ns - read_clock(CLOCK_MONOTONIC_COARSE) - bound->asleep;

	return at_most > SUSPEND_SHORTEST && suspend_since(bound->asleep);
}

/* Whether the record of this generation is of use, at this instant after it was read. */
static bool check(struct timesync_page *page, const struct bound_page_record *record,
		  uint64_t generation, struct mono now)
{
	if (record->boot != page->boot || !bound_page_is_sound(record, generation) ||
	    has_slept(&record->bound, now)) {
		return false;
	}
	/* In this order: a thread that sees the second sees the first, or a later one. */
	atomic_store_explicit(&page->awake_until, now.ns + SUSPEND_SHORTEST, memory_order_relaxed);
	atomic_store_explicit(&page->checked, generation + 1, memory_order_release);
	return true;
}

/* The machine cannot have slept for a while after it was found awake. */
static bool is_checked(struct timesync_page *page, uint64_t generation, struct mono now)
{
	return atomic_load_explicit(&page->checked, memory_order_acquire) == generation + 1 &&
	       now.ns < atomic_load_explicit(&page->awake_until, memory_order_relaxed);
}

PUBLIC int timesync_now(struct timesync_page *page, struct timesync_interval *now)
{
	struct bound_interval interval = { 0, INT64_MAX, BOUND_UNKNOWN };
	struct bound_page_record record;
	const uint64_t generation = bound_page_read(page->shared, &record);
	/* After the record, so that it is not older than that. */
	const struct mono mono = { .ns = read_clock(CLOCK_BOOTTIME) };

	if (is_checked(page, generation, mono) || check(page, &record, generation, mono)) {
		interval = bound_at(&record.bound, mono);
	}
	*now = (struct timesync_interval){ interval.earliest, interval.latest };
	return (int)interval.state;
}
