/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/hash.h"

#include <string.h>

/* 2^64 divided by the golden ratio: odd, and its bits are well mixed. */
#define MULTIPLIER UINT64_C(0x9e3779b97f4a7c15)

uint32_t hash_bytes(uint64_t seed, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint64_t h = seed ^ n;

	while (n > 0) {
		const size_t take = n < sizeof(uint64_t) ? n : sizeof(uint64_t);
		uint64_t word = 0;

		memcpy(&word, p, take);
		h = (h ^ word) * MULTIPLIER;
		h ^= h >> 32;
		p += take;
		n -= take;
	}
	return (uint32_t)(h * MULTIPLIER >> 32);
}
