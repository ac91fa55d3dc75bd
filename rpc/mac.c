/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/mac.h"

#include <errno.h>
#include <nettle/hmac.h>
#include <nettle/memops.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/wire.h"

#define NUMBERS 6

struct mac {
	struct keys keys;
	const char *label;
	struct hmac_sha256_ctx context[KEYS_MAX]; /* keyed: one for each key */
};

int mac_open(struct mac **out, const struct keys *keys, const char *label)
{
	struct mac *s = calloc(1, sizeof(*s));

	if (!s) {
		return -ENOMEM;
	}
	s->keys = *keys;
	s->label = label;
	for (size_t i = 0; i < keys->n; i++) {
		hmac_sha256_set_key(&s->context[i], KEYS_KEY_SIZE, keys->key[i].bytes);
	}
	*out = s;
	return 0;
}

void mac_close(struct mac *s)
{
	if (s) {
		explicit_bzero(s, sizeof(*s));
		free(s);
	}
}

/* The MAC under that key of ours. */
static void compute(struct mac *s, const struct key *key, const struct mac_place *place,
		    const void *body, size_t n, uint8_t out[MAC_SIZE])
{
	struct hmac_sha256_ctx *c = &s->context[key - s->keys.key];
	const uint32_t numbers[NUMBERS] = {
		place->direction, place->program, place->version,
		place->procedure, key->id,        (uint32_t)n,
	};
	uint8_t head[4 * NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++) {
		wire_put_u32(head + 4 * i, numbers[i]);
	}
	hmac_sha256_update(c, strlen(s->label), (const uint8_t *)s->label);
	hmac_sha256_update(c, sizeof(head), head);
	if (place->call_mac) {
		hmac_sha256_update(c, MAC_SIZE, place->call_mac);
	}
	hmac_sha256_update(c, n, body);
	hmac_sha256_digest(c, MAC_SIZE, out); /* and begin anew with the key */
}

uint32_t mac_key(const struct mac *s)
{
	return s->keys.key[0].id;
}

bool mac_knows(const struct mac *s, uint32_t key_id)
{
	return keys_find(&s->keys, key_id) != NULL;
}

int mac_make(struct mac *s, const struct mac_place *place, const void *body, size_t n,
	     uint32_t key_id, uint8_t out[MAC_SIZE])
{
	const struct key *key = keys_find(&s->keys, key_id);

	if (!key) {
		return -ENOENT;
	}
	compute(s, key, place, body, n, out);
	return 0;
}

bool mac_check(struct mac *s, const struct mac_place *place, const void *body, size_t n,
	       uint32_t key_id, const uint8_t mac[MAC_SIZE])
{
	const struct key *key = keys_find(&s->keys, key_id);
	uint8_t right[MAC_SIZE];

	if (!key) {
		return false;
	}
	compute(s, key, place, body, n, right);
	return memeql_sec(mac, right, MAC_SIZE) != 0; /* in a time that tells nothing */
}
