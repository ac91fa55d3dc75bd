/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The lab's random numbers: a sequence that its seed fixes.
 */
#ifndef LAB_SUPPORT_SPLITMIX_H
#define LAB_SUPPORT_SPLITMIX_H

#include <stdint.h>

/*
 * The next 64 random bits. `state` is the seed at first. splitmix64: Steele, Lea and Flood 2014,
 * "Fast splittable pseudorandom number generators".
 */
static inline uint64_t splitmix_next(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* A random number below `n`, which is not 0: slightly uneven, which nobody here minds. */
static inline uint64_t splitmix_below(uint64_t *state, uint64_t n)
{
	return splitmix_next(state) % n;
}

#endif
