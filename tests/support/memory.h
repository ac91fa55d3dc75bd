/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Whether this process has a secret left in its memory: on its stack, also below the part in use,
 * and on its heap, also where memory was given back.
 */
#ifndef TESTS_SUPPORT_MEMORY_H
#define TESTS_SUPPORT_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#define MEMORY_SECRET_MAX 128

/* Octets to look for, masked, so that they are no copy of the secret. */
struct memory_secret {
	size_t n;
	uint8_t masked[MEMORY_SECRET_MAX];
};

/* One more octet of it. */
void memory_secret_add(struct memory_secret *s, uint8_t octet);

/* How often these octets are in memory that this process may write to. Ends the test if it cannot
 * look. */
size_t memory_find(const struct memory_secret *s);

#endif
