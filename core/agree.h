/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Agreement: whether the exchanges of one measurement can all be true.
 *
 * Each exchange claims an interval for the offset: at most t2-t1 when the server received the call,
 * and at least t3-t4 when it sent the reply; both instants lie between t1 and t4. If two intervals
 * exclude each other by more than the drift between them, a clock was stepped or the server lies.
 * If no two do, some course of the offset satisfies all exchanges.
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
 * Whether `n` samples agree, if the clocks drift apart by at most max_drift_ppb. Samples that
 * sample_check refuses are ignored; the order does not matter. If they disagree and `out` is not
 * null, *out is the first conflict: between two SAMPLE_TIMESTAMPS if there is one, else between any
 * two. Its second sample is the earliest possible, and its first the last before that.
 */
bool agree(const struct sample *samples, size_t n, int64_t max_drift_ppb,
	   struct agree_conflict *out);

#endif
