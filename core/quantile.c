/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/quantile.h"

static void swap(int64_t *a, int64_t *b)
{
	const int64_t kept = *a;

	*a = *b;
	*b = kept;
}

/* Put `root` in its place in an array that is otherwise a heap, the largest first. */
static void sift_down(int64_t *heap, size_t root, size_t n)
{
	while (root < n / 2) {
		size_t child = 2 * root + 1;

		if (child + 1 < n && heap[child + 1] > heap[child]) {
			child++;
		}
		if (heap[root] >= heap[child]) {
			return;
		}
		swap(&heap[root], &heap[child]);
		root = child;
	}
}

/* Heapsort (Williams 1964): it needs no memory, and no order of its input makes it slow. */
void quantile_sort(int64_t *values, size_t n)
{
	for (size_t root = n / 2; root > 0; root--) {
		sift_down(values, root - 1, n);
	}
	for (size_t left = n; left > 1; left--) {
		swap(&values[0], &values[left - 1]);
		sift_down(values, 0, left - 1);
	}
}

int64_t quantile_of(const int64_t *sorted, size_t n, unsigned percent)
{
	/* n * percent / 100, rounded up; n * percent could overflow. */
	const size_t rank = n / 100 * percent + (n % 100 * percent + 99) / 100;

	return sorted[rank > 0 ? rank - 1 : 0];
}
