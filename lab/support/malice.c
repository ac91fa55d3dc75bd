/* SPDX-License-Identifier: BSD-3-Clause */
#include "lab/support/malice.h"

#include "core/splitmix.h"
#include "rpc/client/exchange.h"
#include "rpc/wire.h"

#define HEAD_SIZE 24 /* of a call, up to the credential */

/* RFC 2203, section 5.2.2. */
enum { GSS_VERSION = 1, GSS_PROCEDURES = 4, GSS_SERVICES = 4 };

#define PROCEDURES 4 /* of TIMESYNC_PROG */

const char *const malice_names[MALICE_KINDS] = {
	[MALICE_RANDOM] = "random", [MALICE_TRUNCATED] = "truncated", [MALICE_FLIPPED] = "flipped",
	[MALICE_GSS] = "gss",       [MALICE_REPLY] = "reply",         [MALICE_CALL] = "call",
};

/* A message under construction. */
struct message {
	uint8_t *bytes;
	size_t len;
	uint64_t *random;
};

static void put(struct message *m, uint64_t word)
{
	wire_put_u32(m->bytes + m->len, (uint32_t)word);
	m->len += 4;
}

static void put_noise(struct message *m, size_t n)
{
	uint64_t noise = 0;

	for (size_t i = 0; i < n; i++) {
		noise = i % 8 == 0 ? splitmix_next(m->random) : noise >> 8;
		m->bytes[m->len++] = (uint8_t)noise;
	}
}

/* Variable-length opaque data of up to `max` random octets. */
static void put_opaque(struct message *m, size_t max)
{
	const size_t n = splitmix_below(m->random, max + 1);

	put(m, n);
	put_noise(m, n);
	while (m->len % 4 != 0) {
		m->bytes[m->len++] = 0;
	}
}

static void put_head(struct message *m, uint32_t proc)
{
	put(m, splitmix_next(m->random)); /* xid */
	put(m, CALL);
	put(m, RPC_MSG_VERSION);
	put(m, EXCHANGE_PROGRAM);
	put(m, EXCHANGE_VERSION);
	put(m, proc);
}

static void put_call(struct message *m)
{
	static const size_t arguments[PROCEDURES] = { 0, 1, 0, 2 }; /* timestamps */
	const uint32_t proc = (uint32_t)splitmix_below(m->random, PROCEDURES);

	put_head(m, proc);
	if (splitmix_below(m->random, 4) == 0) {
		put(m, AUTH_SYS);
		put_opaque(m, 200);
	} else {
		put(m, AUTH_NONE);
		put(m, 0);
	}
	put(m, AUTH_NONE);
	put(m, 0);
	for (size_t i = 0; i < arguments[proc]; i++) {
		put(m, splitmix_next(m->random) >> 34); /* below 2^62 together with the rest */
		put(m, splitmix_next(m->random));
	}
}

static void put_gss(struct message *m)
{
	size_t credential;

	put_head(m, (uint32_t)splitmix_below(m->random, PROCEDURES));
	put(m, RPCSEC_GSS);
	credential = m->len;
	put(m, 0); /* its length, known below */
	put(m, GSS_VERSION);
	put(m, splitmix_below(m->random, GSS_PROCEDURES));
	put(m, splitmix_below(m->random, 16)); /* sequence number */
	put(m, splitmix_below(m->random, GSS_SERVICES));
	put_opaque(m, 16); /* the context's handle */
	wire_put_u32(m->bytes + credential, (uint32_t)(m->len - credential - 4));
	put(m, splitmix_below(m->random, 2) == 0 ? AUTH_NONE : RPCSEC_GSS);
	put_opaque(m, 64);
	put_opaque(m, 512); /* the token of an INIT */
}

static void put_reply(struct message *m)
{
	put(m, splitmix_next(m->random));
	put(m, REPLY);
	put_noise(m, 4 * splitmix_below(m->random, 32));
}

static void put_random(struct message *m)
{
	if (splitmix_below(m->random, 4) == 0) {
		put_head(m, (uint32_t)splitmix_below(m->random, PROCEDURES));
	}
	put_noise(m, splitmix_below(m->random, MALICE_MAX - HEAD_SIZE));
}

static void flip_bits(struct message *m)
{
	const uint64_t n = 1 + splitmix_below(m->random, 8);

	for (uint64_t i = 0; i < n; i++) {
		const uint64_t bit = splitmix_below(m->random, 8 * m->len);

		m->bytes[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
}

size_t malice_draw(enum malice_kind kind, uint64_t *random, uint8_t out[MALICE_MAX])
{
	struct message m = { .bytes = out, .random = random };

	switch (kind) {
	case MALICE_RANDOM:
		put_random(&m);
		break;
	case MALICE_TRUNCATED:
		put_call(&m);
		m.len = splitmix_below(random, m.len);
		break;
	case MALICE_FLIPPED:
		put_call(&m);
		flip_bits(&m);
		break;
	case MALICE_GSS:
		put_gss(&m);
		break;
	case MALICE_REPLY:
		put_reply(&m);
		break;
	case MALICE_CALL:
	case MALICE_KINDS:
		put_call(&m);
		break;
	}
	return m.len;
}
