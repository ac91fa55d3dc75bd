/*
 * Agreement: whether the exchanges of one measurement can all be true.
 *
 * Each exchange claims an interval for the offset: at the instant when the server received it was
 * at most t2-t1, at the one when the server sent at least t3-t4, and both lie between t1 and t4.
 * Two exchanges that exclude each other by more than the clocks may drift apart between them show
 * that a clock was stepped, or that the server does not say the truth. If no two do, one course of
 * the offset goes through all of them.
 */
#ifndef CORE_AGREE_H
#define CORE_AGREE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/sample.h"

/* Two samples that exclude each other, by their places. */
struct agree_conflict {
	size_t first, second; /* first < second */
	dur_ns apart;         /* offset of the second minus that of the first */
};

/*
 * Whether `n` samples agree, as long as the clocks drift apart by at most max_drift_ppb. Those that
 * sample_check refuses are ignored, and whether they agree does not depend on their order. If they
 * do not, *out, unless null, is where that shows first: two SAMPLE_TIMESTAMPS if any two exclude
 * each other, else any two; of these the second is the earliest, and the first the last before it.
 */
bool agree(const struct sample *samples, size_t n, int64_t max_drift_ppb,
	   struct agree_conflict *out);

#endif
