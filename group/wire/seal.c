/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/wire/seal.h"

#include <errno.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <stdlib.h>

#include "rpc/wire.h"

static const char label[] = "timesync group v1";

#define NUMBERS 6

struct seal {
	struct keys keys;
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

int seal_open(struct seal **out, const struct keys *keys)
{
	struct seal *s = calloc(1, sizeof(*s));
	bool ok;

	if (!s) {
		return -ENOMEM;
	}
	s->keys = *keys;
	s->algorithm = EVP_MAC_fetch(NULL, "HMAC", NULL);
	ok = s->algorithm != NULL;
	for (size_t i = 0; ok && i < keys->n; i++) {
		s->context[i] = new_context(s->algorithm, &keys->key[i]);
		ok = s->context[i] != NULL;
	}
	if (!ok) {
		seal_close(s);
		return -ENOMEM;
	}
	*out = s;
	return 0;
}

void seal_close(struct seal *s)
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

/* The seal under the key at `place`. False when the library fails. */
static bool compute(struct seal *s, size_t key, const struct seal_place *place, const void *body,
		    size_t n, uint8_t out[SEAL_SIZE])
{
	EVP_MAC_CTX *c = s->context[key];
	const uint32_t numbers[NUMBERS] = {
		place->direction, place->program,      place->version,
		place->procedure, s->keys.key[key].id, (uint32_t)n,
	};
	uint8_t head[4 * NUMBERS];
	size_t len;

	for (size_t i = 0; i < NUMBERS; i++) {
		wire_put_u32(head + 4 * i, numbers[i]);
	}
	/* Without a key it starts anew with the one that it has. */
	return EVP_MAC_init(c, NULL, 0, NULL) &&
	       EVP_MAC_update(c, (const uint8_t *)label, sizeof(label) - 1) &&
	       EVP_MAC_update(c, head, sizeof(head)) &&
	       (!place->call_seal || EVP_MAC_update(c, place->call_seal, SEAL_SIZE)) &&
	       EVP_MAC_update(c, body, n) && EVP_MAC_final(c, out, &len, SEAL_SIZE) &&
	       len == SEAL_SIZE;
}

int seal_make(struct seal *s, const struct seal_place *place, const void *body, size_t n,
	      uint32_t *key_id, uint8_t out[SEAL_SIZE])
{
	*key_id = s->keys.key[0].id;
	return compute(s, 0, place, body, n, out) ? 0 : -EIO;
}

bool seal_check(struct seal *s, const struct seal_place *place, const void *body, size_t n,
		uint32_t key_id, const uint8_t seal[SEAL_SIZE])
{
	const struct key *key = keys_find(&s->keys, key_id);
	uint8_t right[SEAL_SIZE];

	return key && compute(s, (size_t)(key - s->keys.key), place, body, n, right) &&
	       CRYPTO_memcmp(seal, right, SEAL_SIZE) == 0;
}
