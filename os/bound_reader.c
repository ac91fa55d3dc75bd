/* SPDX-License-Identifier: BSD-3-Clause */
#include "os/bound_reader.h"

#include "os/suspend.h"

int bound_reader_open(struct bound_reader *r, const char *path)
{
	int rc = bound_page_boot(&r->boot);

	if (rc == 0) {
		rc = bound_page_map(path, &r->page, NULL);
	}
	atomic_init(&r->checked, 0);
	atomic_init(&r->awake_until, 0);
	return rc;
}

void bound_reader_close(struct bound_reader *r)
{
	bound_page_unmap(r->page);
}

/*
 * Whether the machine was suspended since the record: then nobody knows by how much its clocks are
 * wrong. The coarse clock costs little, and is late by the time since the last tick.
 */
static bool has_slept(const struct bound *bound, struct mono now)
{
	struct timespec t;
	dur_ns at_most;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &t); /* cannot fail */
	at_most = now.ns - (int64_t)t.tv_sec * NS_PER_SEC - (int64_t)t.tv_nsec - bound->asleep;
	return at_most > SUSPEND_SHORTEST && suspend_since(bound->asleep);
}

bool bound_reader_check(struct bound_reader *r, const struct bound_page_record *record,
			uint64_t generation, struct mono now)
{
	if (record->boot != r->boot || !bound_page_is_sound(record, generation) ||
	    has_slept(&record->bound, now)) {
		return false;
	}
	/* In this order: a thread that sees the second sees the first, or a later one. */
	atomic_store_explicit(&r->awake_until, now.ns + SUSPEND_SHORTEST, memory_order_relaxed);
	atomic_store_explicit(&r->checked, generation + 1, memory_order_release);
	return true;
}
