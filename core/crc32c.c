/* SPDX-License-Identifier: BSD-3-Clause */
#include "core/crc32c.h"

/* The polynomial 0x1edc6f41 with its bits reversed. */
#define POLYNOMIAL UINT32_C(0x82f63b78)

uint32_t crc32c(const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	uint32_t rest = UINT32_MAX;

	for (size_t i = 0; i < n; i++) {
		rest ^= p[i];
		for (int bit = 0; bit < 8; bit++) {
			rest = rest >> 1 ^ (rest & 1 ? POLYNOMIAL : 0);
		}
	}
	return ~rest;
}
