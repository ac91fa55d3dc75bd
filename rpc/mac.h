/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * MACs: a message is authentic when its author has the key.
 *
 * The MAC of a body is HMAC-SHA256 (RFC 2104, FIPS 180-4) under the key over
 *
 *     label | direction | program | version | procedure | key id | length
 *         | the MAC of the call, in replies | body
 *
 * with numbers as 32 bits, big-endian, and a label that names the protocol. So a message cannot be
 * reflected to its sender, moved to another protocol or procedure, or used as the reply to another
 * call. Against replay, the bodies themselves have nonces.
 */
#ifndef RPC_MAC_H
#define RPC_MAC_H

#include <stdbool.h>

#include "rpc/keys.h"

#define MAC_SIZE 32

enum mac_direction { MAC_CALL = 1, MAC_REPLY = 2 };

/* Where a message belongs. */
struct mac_place {
	enum mac_direction direction;
	uint32_t program, version, procedure;
	const uint8_t *call_mac; /* MAC_REPLY: MAC_SIZE octets; else null */
};

struct mac;

/*
 * For the keys, which are copied, and the label, which must outlive it. 0 or -ENOMEM. For one
 * thread. The caller releases it with mac_close.
 */
int mac_open(struct mac **out, const struct keys *keys, const char *label);

/* Forget the keys and release it; null is fine. */
void mac_close(struct mac *s);

/* The id of the first key, under which calls are made; and whether there is a key of that id. */
uint32_t mac_key(const struct mac *s);
bool mac_knows(const struct mac *s, uint32_t key_id);

/* The MAC of a body under the key of that id. 0, or -ENOENT if there is no such key. */
int mac_make(struct mac *s, const struct mac_place *place, const void *body, size_t n,
	     uint32_t key_id, uint8_t out[MAC_SIZE]);

/* Whether that is the MAC of the body under the key of that id. */
bool mac_check(struct mac *s, const struct mac_place *place, const void *body, size_t n,
	       uint32_t key_id, const uint8_t mac[MAC_SIZE]);

#endif
