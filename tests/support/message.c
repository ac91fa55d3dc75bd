/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/support/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint8_t *grow(struct message *m, size_t n)
{
	uint8_t *at = m->bytes + m->len;

	if (n > sizeof(m->bytes) - m->len) {
		fprintf(stderr, "a test's message is too long\n");
		abort();
	}
	m->len += n;
	return at;
}

static void put(uint8_t *at, uint64_t v, int octets)
{
	for (int i = octets - 1; i >= 0; i--, v >>= 8) {
		at[i] = (uint8_t)v;
	}
}

static uint64_t get(const uint8_t *at, int octets)
{
	uint64_t v = 0;

	for (int i = 0; i < octets; i++) {
		v = v << 8 | at[i];
	}
	return v;
}

void message_u32(struct message *m, uint32_t v)
{
	put(grow(m, 4), v, 4);
}

void message_u64(struct message *m, uint64_t v)
{
	put(grow(m, 8), v, 8);
}

void message_opaque(struct message *m, const void *octets, size_t n)
{
	const size_t padded = (n + 3) / 4 * 4;
	uint8_t *at;

	message_u32(m, (uint32_t)n);
	at = grow(m, padded);
	memset(at, 0, padded);
	memcpy(at, octets, n);
}

struct message message_call(uint32_t xid, uint32_t prog, uint32_t vers, uint32_t proc)
{
	const uint32_t words[] = { xid, 0, 2, prog, vers, proc, 0, 0, 0, 0 };
	struct message m = { .len = 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		message_u32(&m, words[i]);
	}
	return m;
}

struct message message_reply(uint32_t xid, uint32_t accept_stat)
{
	const uint32_t words[] = { xid, 1, 0, 0, 0, accept_stat };
	struct message m = { .len = 0 };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		message_u32(&m, words[i]);
	}
	return m;
}

uint32_t message_get_u32(const uint8_t *bytes, size_t at)
{
	return (uint32_t)get(bytes + at, 4);
}

uint64_t message_get_u64(const uint8_t *bytes, size_t at)
{
	return get(bytes + at, 8);
}

void message_set_u32(struct message *m, size_t at, uint32_t v)
{
	put(m->bytes + at, v, 4);
}
