/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/guess.h"

#include <stdint.h>
#include <string.h>

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The rows of the table of distances that a new one is made from: the last two. */
struct rows {
	size_t before[GUESS_MAX + 1], last[GUESS_MAX + 1], now[GUESS_MAX + 1];
};

/* The distances of the first `j` characters of `b` from each beginning of `a`. */
static void next_row(struct rows *r, const char *a, size_t length, const char *b, size_t j)
{
	r->now[0] = j;
	for (size_t i = 1; i <= length; i++) {
		const size_t change = r->last[i - 1] + (a[i - 1] != b[j - 1]);

		r->now[i] = least(change, 1 + least(r->last[i], r->now[i - 1]));
		if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
			r->now[i] = least(r->now[i], r->before[i - 2] + 1);
		}
	}
	memcpy(r->before, r->last, sizeof(r->last));
	memcpy(r->last, r->now, sizeof(r->now));
}

size_t guess_distance(const char *a, size_t length, const char *b)
{
	const size_t letters = strlen(b);
	struct rows r = { .now = { 0 } };

	for (size_t i = 0; i <= length; i++) {
		r.last[i] = i;
	}
	for (size_t j = 1; j <= letters; j++) {
		next_row(&r, a, length, b, j);
	}
	return r.last[length];
}

void guess_begin(struct guess *g, const char *typed, size_t length)
{
	*g = (struct guess){ .typed = typed, .length = length, .distance = SIZE_MAX };
}

void guess_try(struct guess *g, const char *known)
{
	size_t distance;

	if (g->length == 0 || g->length > GUESS_MAX) {
		return;
	}
	distance = guess_distance(g->typed, g->length, known);
	if (distance > 1 && g->length > 1 && strncmp(g->typed, known, g->length) == 0) {
		distance = 1;
	}
	if (distance < g->distance) {
		g->best = known;
		g->distance = distance;
	}
}

const char *guess_end(const struct guess *g)
{
	return g->best && g->distance <= (g->length + 2) / 3 ? g->best : NULL;
}
