/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Random octets that nobody can foresee.
 */
#ifndef OS_ENTROPY_H
#define OS_ENTROPY_H

#include <stddef.h>

/* Fill `out` with `n` random octets, 256 at most: 0, or -errno when this system has none to give.
 */
int entropy_fill(void *out, size_t n);

#endif
