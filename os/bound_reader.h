/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Reading the page of a clock's bound. Needs nothing but libc, as it is a part of libtimesync.
 */
#ifndef OS_BOUND_READER_H
#define OS_BOUND_READER_H

#include <time.h>

#include "os/bound_page.h"

struct bound_reader {
	struct bound_page *page;
	uint64_t boot;
	/*
	 * Findings that are kept, as checking costs more than reading the clock: threads may
	 * find it out twice.
	 */
	_Atomic uint64_t checked;    /* 1 + the generation of a record that is of use */
	_Atomic int64_t awake_until; /* the machine has not slept between that and this instant */
};

/* Open the page at `path`. 0, or -errno as bound_page_map; the caller closes it. */
int bound_reader_open(struct bound_reader *r, const char *path);

void bound_reader_close(struct bound_reader *r);

/* Whether the record of this generation is of use, at this instant after it was read. */
bool bound_reader_check(struct bound_reader *r, const struct bound_page_record *record,
			uint64_t generation, struct mono now);

/* The machine cannot have slept for a while after it was found awake. */
static inline bool bound_reader_has_checked(struct bound_reader *r, uint64_t generation,
					    struct mono now)
{
	return atomic_load_explicit(&r->checked, memory_order_acquire) == generation + 1 &&
	       now.ns < atomic_load_explicit(&r->awake_until, memory_order_relaxed);
}

/*
 * The bound now. It reads clocks and memory only, and any number of threads may do it. Inline,
 * as a program calls it with each reading of the clock.
 */
static inline struct bound_interval bound_reader_now(struct bound_reader *r)
{
	struct bound_interval interval = { 0, INT64_MAX, BOUND_UNKNOWN, false };
	struct bound_page_record record;
	const uint64_t generation = bound_page_read(r->page, &record);
	struct timespec t;
	struct mono now;

	/* After the record, so that it is not older than that. It cannot fail. */
	clock_gettime(CLOCK_BOOTTIME, &t);
	now.ns = (int64_t)t.tv_sec * NS_PER_SEC + (int64_t)t.tv_nsec;
	if (bound_reader_has_checked(r, generation, now) ||
	    bound_reader_check(r, &record, generation, now)) {
		interval = bound_at(&record.bound, now);
	}
	return interval;
}

#endif
