/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/mac.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

#include "rpc/wire.h"

#define NUMBERS 6

struct mac {
	struct keys keys;
	const char *label;
	EVP_MAC *algorithm;
	EVP_MAC_CTX *context[KEYS_MAX]; /* keyed: one for each key */
};

static EVP_MAC_CTX *new_context(EVP_MAC *algorithm, const struct key *key)
{
	char digest[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string("digest", digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC_CTX *context = EVP_MAC_CTX_new(algorithm);

	if (context && !EVP_MAC_init(context, key->bytes, sizeof(key->bytes), params)) {
		EVP_MAC_CTX_free(context);
		return NULL;
	}
	return context;
}

int mac_open(struct mac **out, const struct keys *keys, const char *label)
{
	struct mac *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s) {
		return -ENOMEM;
	}
	s->keys = *keys;
	s->label = label;
	s->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ok = s->algorithm != NULL;
	for (size_t i = 0; ok && i < keys->n; i++) {
		s->context[i] = new_context(s->algorithm, &keys->key[i]);
		ok = s->context[i] != NULL;
	}
	if (!ok) {
		mac_close(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void mac_close(struct mac *s)
{
	if (!s) {
		return;
	}
	for (size_t i = 0; i < KEYS_MAX; i++) {
		EVP_MAC_CTX_free(s->context[i]);
	}
	EVP_MAC_free(s->algorithm);
	keys_forget(&s->keys);
	free(s);
}

/* The MAC under that key of ours. False when the library fails. */
static bool compute(struct mac *s, const struct key *key, const struct mac_place *place,
		    const void *body, size_t n, uint8_t out[MAC_SIZE])
{
	EVP_MAC_CTX *c = s->context[key - s->keys.key];
	const uint32_t numbers[NUMBERS] = {
		place->direction, place->program, place->version,
		place->procedure, key->id,        (uint32_t)n,
	};
	uint8_t head[4 * NUMBERS];
	size_t len;

	for (size_t i = 0; i < NUMBERS; i++) {
		wire_put_u32(head + 4 * i, numbers[i]);
	}
	/* Without a key it starts anew with the one that it has. */
	return EVP_MAC_init(c, NULL, 0, NULL) &&
	       EVP_MAC_update(c, (const uint8_t *)s->label, strlen(s->label)) &&
	       EVP_MAC_update(c, head, sizeof(head)) &&
	       (!place->call_mac || EVP_MAC_update(c, place->call_mac, MAC_SIZE)) &&
	       EVP_MAC_update(c, body, n) && EVP_MAC_final(c, out, &len, MAC_SIZE) &&
	       len == MAC_SIZE;
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
	return compute(s, key, place, body, n, out) ? 0 : -EIO;
}

bool mac_check(struct mac *s, const struct mac_place *place, const void *body, size_t n,
	       uint32_t key_id, const uint8_t mac[MAC_SIZE])
{
	const struct key *key = keys_find(&s->keys, key_id);
	uint8_t right[MAC_SIZE];

	return key && compute(s, key, place, body, n, right) &&
	       CRYPTO_memcmp(mac, right, MAC_SIZE) == 0;
}
