/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random numbers for tests: seeded, so that what failed once fails again.
 */
#ifndef TESTS_SUPPORT_RANDOM_H
#define TESTS_SUPPORT_RANDOM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* SplitMix64 (Steele, Lea & Flood 2014). Any seed is a good one. */
struct random {
	uint64_t state;
};

static inline struct random random_from(uint64_t seed)
{
	return (struct random){ .state = seed };
}

/* Any 64 bits. */
uint64_t random_next(struct random *r);

/* An integer in [low, high], both included; low <= high. */
int64_t random_between(struct random *r, int64_t low, int64_t high);

/* An integer in [0, high], small ones as likely as large ones; high >= 0. */
int64_t random_of_any_size(struct random *r, int64_t high);

/*
 * Whether `property` holds for `cases` generators, each of its own seed. On the first for which it
 * does not, `name` and the seed are printed on stderr. The first seed is 1, or the value of
 * TEST_SEED in the environment: TEST_SEED=N tries the printed one first.
 */
bool random_holds(const char *name, bool (*property)(struct random *r), size_t cases);

#endif
