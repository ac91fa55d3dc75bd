/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A seeded hash for tables whose keys strangers choose: who does not know the seed cannot choose
 * keys that meet in one place. It is not cryptographic.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t hash_bytes(uint64_t seed, const void *bytes, size_t n);

#endif
