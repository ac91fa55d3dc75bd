/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Numbers that look random: a sequence that its seed fixes. Who must not guess them must not know
 * the seed (os/entropy).
 */
#ifndef CORE_SPLITMIX_H
#define CORE_SPLITMIX_H

#include <stdint.h>

/* The output function of SplitMix64: Steele, Lea and Flood 2014, "Fast splittable pseudorandom
 * number generators". Each bit of `z` reaches all others. */
static inline uint64_t splitmix_mix(uint64_t z)
{
	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

/* The next 64 random bits of SplitMix64. `state` is the seed at first. */
static inline uint64_t splitmix_next(uint64_t *state)
{
	return splitmix_mix(*state += UINT64_C(0x9e3779b97f4a7c15));
}

/* A random number below `n`, which is not 0: slightly uneven, which nobody here minds. */
static inline uint64_t splitmix_below(uint64_t *state, uint64_t n)
{
	return splitmix_next(state) % n;
}

#endif
