/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * CRC-32C (Castagnoli; RFC 3720, section 12.1): the checksum of files. It is against accidents, not
 * malice.
 */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *bytes, size_t n);

#endif
