/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/siphash.h"

static uint64_t rotated(uint64_t x, unsigned by)
{
	return x << by | x >> (64 - by);
}

static void mix(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotated(v[1], 13) ^ v[0];
	v[3] = rotated(v[3], 16) ^ v[2];
	v[0] = rotated(v[0], 32);
	v[2] += v[1];
	v[0] += v[3];
	v[1] = rotated(v[1], 17) ^ v[2];
	v[3] = rotated(v[3], 21) ^ v[0];
	v[2] = rotated(v[2], 32);
}

static void take(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	mix(v);
	v[0] ^= word;
}

/* Up to 8 octets, the first one lowest. */
static uint64_t word_of(const uint8_t *p, size_t n)
{
	uint64_t word = 0;

	for (size_t i = 0; i < n; i++) {
		word |= (uint64_t)p[i] << (8 * i);
	}
	return word;
}

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	/* "somepseudorandomlygeneratedbytes" */
	uint64_t v[4] = {
		key->k[0] ^ UINT64_C(0x736f6d6570736575),
		key->k[1] ^ UINT64_C(0x646f72616e646f6d),
		key->k[0] ^ UINT64_C(0x6c7967656e657261),
		key->k[1] ^ UINT64_C(0x7465646279746573),
	};
	size_t left = n;

	for (; left >= 8; left -= 8, p += 8) {
		take(v, word_of(p, 8));
	}
	take(v, word_of(p, left) | (uint64_t)n << 56);
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++) {
		mix(v);
	}
	return v[0] ^ v[1] ^ v[2] ^ v[3];
}
