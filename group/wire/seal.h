/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Seals: a message of a group is authentic when whoever made it has a key of the group.
 *
 * The seal of a body is HMAC-SHA256 (RFC 2104, FIPS 180-4) under the key over
 *
 *     "timesync group v1" | direction | program | version | procedure | key id | length
 *         | the seal of the call, in replies | body
 *
 * with numbers as 32 bits, big-endian. So a message cannot be turned round, moved to another
 * procedure, or made the reply to another call. Against replay the bodies themselves have numbers
 * that are used once.
 */
#ifndef GROUP_WIRE_SEAL_H
#define GROUP_WIRE_SEAL_H

#include <stdbool.h>

#include "group/wire/keys.h"

#define SEAL_SIZE 32

enum seal_direction { SEAL_CALL = 1, SEAL_REPLY = 2 };

/* Where a message belongs. */
struct seal_place {
	enum seal_direction direction;
	uint32_t program, version, procedure;
	const uint8_t *call_seal; /* SEAL_REPLY: SEAL_SIZE octets; else null */
};

struct seal;

/* For the keys, which are copied. 0 or -ENOMEM. The caller releases it with seal_close. */
int seal_open(struct seal **out, const struct keys *keys);

/* Forget the keys and release it; null is fine. */
void seal_close(struct seal *s);

/* Seal a body with the first key, whose id goes to `key_id`. 0 or -EIO (the library failed). */
int seal_make(struct seal *s, const struct seal_place *place, const void *body, size_t n,
	      uint32_t *key_id, uint8_t out[SEAL_SIZE]);

/* Whether that is the seal of the body under the key of that id. */
bool seal_check(struct seal *s, const struct seal_place *place, const void *body, size_t n,
		uint32_t key_id, const uint8_t seal[SEAL_SIZE]);

#endif
