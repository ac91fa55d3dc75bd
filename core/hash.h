/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The checksum of a group's state files of version 1, with the seed 0. Nothing else is to use it:
 * of tables a fixed difference of bits meets in one place whatever the seed (core/siphash.h), and
 * new files have core/crc32c.h. Words are read as this machine has them.
 */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stddef.h>
#include <stdint.h>

uint32_t hash_bytes(uint64_t seed, const void *bytes, size_t n);

#endif
