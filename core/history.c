/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/history.h"

#include <errno.h>
#include <math.h>
#include <string.h>

#include "core/arith.h"

void history_shorten(struct history *h, size_t n)
{
	if (h->count > n) {
		memmove(h->samples, h->samples + h->count - n, n * sizeof(h->samples[0]));
		h->count = n;
	}
}

int history_add(struct history *h, const struct history_sample *s)
{
	if (h->count > 0 && mono_since(s->at, h->samples[h->count - 1].at) <= 0) {
		return -EINVAL;
	}
	history_shorten(h, HISTORY_SAMPLES - 1);
	h->samples[h->count++] = *s;
	return 0;
}

/* To the nearest; half a unit added to a limit rounds it up. */
static int64_t rounded(double x)
{
	const double most = 9223372036854774784.0; /* the last double below 2^63 */

	if (x >= most) {
		return INT64_MAX;
	}
	return x <= -most ? -INT64_MAX : (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
}

int history_rates(const struct history *h, int64_t *low, int64_t *high)
{
	double least = -INFINITY;
	double most = INFINITY;

	if (h->count < 2) {
		return -ENODATA;
	}
	for (size_t i = 1; i < h->count; i++) {
		const struct history_sample *b = &h->samples[i];
		for (size_t j = 0; j < i; j++) {
			const struct history_sample *a = &h->samples[j];
			double time = (double)mono_since(b->at, a->at) / (double)NS_PER_SEC;
			double change = (double)arith_sub(b->offset, a->offset);
			double error = (double)a->max_error + (double)b->max_error;
			least = fmax(least, (change - error) / time);
			most = fmin(most, (change + error) / time);
		}
	}
	*low = rounded(least - 0.5);
	*high = rounded(most + 0.5);
	return 0;
}
