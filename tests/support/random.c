/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/random.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/splitmix.h"

uint64_t random_next(struct random *r)
{
	return splitmix_next(&r->state);
}

int64_t random_between(struct random *r, int64_t low, int64_t high)
{
	uint64_t span = (uint64_t)high - (uint64_t)low;
	uint64_t n = random_next(r);

	/* Slightly uneven, which tests do not mind. */
	if (span != UINT64_MAX) {
		n %= span + 1;
	}
	return (int64_t)((uint64_t)low + n);
}

int64_t random_of_any_size(struct random *r, int64_t high)
{
	int bits = (int)random_between(r, 0, 63);
	int64_t most = (int64_t)((UINT64_C(1) << bits) - 1);

	return random_between(r, 0, most < high ? most : high);
}

/* A seed that cannot be read must not silently become another one. */
static uint64_t first_seed(void)
{
	const char *text = getenv("TEST_SEED");
	if (!text) {
		return 1;
	}

	char *end;
	uint64_t seed = strtoull(text, &end, 10);
	if (end == text || *end != '\0') {
		fprintf(stderr, "TEST_SEED is not a number: %s\n", text);
		exit(EXIT_FAILURE);
	}
	return seed;
}

bool random_holds(const char *name, bool (*property)(struct random *r), size_t cases)
{
	uint64_t seed = first_seed();

	for (size_t i = 0; i < cases; i++, seed++) {
		struct random r = random_from(seed);
		if (!property(&r)) {
			fprintf(stderr, "%s does not hold with TEST_SEED=%" PRIu64 "\n", name,
				seed);
			return false;
		}
	}
	return true;
}
