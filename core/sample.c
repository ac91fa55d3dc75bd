/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/sample.h"

enum sample_fault sample_check(const struct sample *s)
{
	if (!ts_valid(s->t1) || !ts_valid(s->t2) || !ts_valid(s->t3) || !ts_valid(s->t4)) {
		return SAMPLE_OUT_OF_RANGE;
	}
	/* t4 < t1 needs no look of its own: unless t3 < t2 as well, it makes the delay negative. */
	if (s->t3 < s->t2 || sample_delay(s) < 0) {
		return SAMPLE_CLOCK_STEPPED;
	}
	return SAMPLE_OK;
}

dur_ns sample_offset(const struct sample *s)
{
	return ((s->t2 - s->t1) + (s->t3 - s->t4)) / 2;
}

dur_ns sample_delay(const struct sample *s)
{
	return (s->t4 - s->t1) - (s->t3 - s->t2);
}

dur_ns sample_bound(const struct sample *s)
{
	return (sample_delay(s) + 1) / 2;
}
