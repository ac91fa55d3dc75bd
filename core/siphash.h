/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * SipHash-1-3 (Aumasson and Bernstein 2012): for tables whose keys strangers choose. Who does not
 * know the random key cannot choose what meets in one place.
 */
#ifndef CORE_SIPHASH_H
#define CORE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

/* Random (os/entropy), and told to nobody. */
struct siphash_key {
	uint64_t k[2];
};

uint64_t siphash(const struct siphash_key *key, const void *bytes, size_t n);

#endif
