/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/feed.h"

#include <string.h>

#include "core/quantile.h"

dur_ns feed_usual(const struct feed *f)
{
	const size_t n = f->seen < FEED_REMEMBERED ? f->seen : FEED_REMEMBERED;
	dur_ns sorted[FEED_REMEMBERED];

	if (n == 0) {
		return INT64_MAX;
	}
	memcpy(sorted, f->bounds, n * sizeof(sorted[0]));
	quantile_sort(sorted, n);
	return quantile_of(sorted, n, 50);
}

enum feed_verdict feed_judge(struct feed *f, const struct feed_poll *poll,
			     bool allow_unsynchronised)
{
	const dur_ns usual = feed_usual(f);

	f->bounds[f->seen++ % FEED_REMEMBERED] = poll->max_error;
	if (!poll->synchronised && !allow_unsynchronised) {
		return FEED_UNSYNCHRONISED;
	}
	if (!poll->leap_known && !allow_unsynchronised) {
		return FEED_LEAP_UNKNOWN;
	}
	return poll->max_error / FEED_TIMES > usual ? FEED_WIDE : FEED_SEND;
}
