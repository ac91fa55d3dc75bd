/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/wire/sealed.h"

#include <string.h>

#include "rpc/wire.h"
#include "timegroup.h"
#include "os/entropy.h"

struct ticket_nonce group_nonce(void)
{
	struct ticket_nonce n;

	/* A system that has given some keeps giving: the agent was started with some. */
	while (entropy_fill(&n, sizeof(n)) != 0) {
	}
	return n;
}

static struct seal_place place_of(enum group_procedure proc, const uint8_t *call_seal)
{
	return (struct seal_place){
		.direction = call_seal ? SEAL_REPLY : SEAL_CALL,
		.program = GROUP_PROGRAM,
		.version = GROUP_VERSION,
		.procedure = proc,
		.call_seal = call_seal,
	};
}

static int make(struct group_sealed *m, struct seal *s, enum group_procedure proc,
		const uint8_t *call_seal)
{
	const struct seal_place place = place_of(proc, call_seal);

	if (!s) {
		m->key_id = 0;
		memset(m->seal, 0, sizeof(m->seal));
		return 0;
	}
	return seal_make(s, &place, m->body, m->n, &m->key_id, m->seal);
}

static bool check(const struct group_sealed *m, struct seal *s, enum group_procedure proc,
		  const uint8_t *call_seal)
{
	static const uint8_t zeros[SEAL_SIZE];
	const struct seal_place place = place_of(proc, call_seal);

	if (!s) {
		return m->key_id == 0 && memcmp(m->seal, zeros, sizeof(zeros)) == 0;
	}
	return seal_check(s, &place, m->body, m->n, m->key_id, m->seal);
}

int group_seal_call(struct group_sealed *m, struct seal *s, enum group_procedure proc)
{
	return make(m, s, proc, NULL);
}

int group_seal_reply(struct group_sealed *m, struct seal *s, enum group_procedure proc,
		     const uint8_t call_seal[SEAL_SIZE])
{
	return make(m, s, proc, call_seal);
}

bool group_check_call(const struct group_sealed *m, struct seal *s, enum group_procedure proc)
{
	return check(m, s, proc, NULL);
}

bool group_check_reply(const struct group_sealed *m, struct seal *s, enum group_procedure proc,
		       const uint8_t call_seal[SEAL_SIZE])
{
	return check(m, s, proc, call_seal);
}

bool_t group_xdr_sealed(XDR *xdr, struct group_sealed *m)
{
	timegroup_sealed w = { .key_id = m->key_id };

	if (xdr->x_op != XDR_ENCODE) {
		return FALSE;
	}
	w.body.body_len = (u_int)m->n;
	w.body.body_val = (char *)(uintptr_t)m->body;
	memcpy(w.seal, m->seal, sizeof(w.seal));
	return xdr_timegroup_sealed(xdr, &w);
}

bool group_parse_sealed(struct group_sealed *out, const uint8_t *bytes, size_t n)
{
	const size_t head = 8;
	size_t padded;

	if (n < head) {
		return false;
	}
	out->key_id = wire_get_u32(bytes);
	out->n = wire_get_u32(bytes + 4);
	padded = (out->n + 3) / 4 * 4;
	if (out->n > GROUP_BODY_MAX || n != head + padded + SEAL_SIZE) {
		return false;
	}
	out->body = bytes + head;
	memcpy(out->seal, bytes + head + padded, SEAL_SIZE);
	return true;
}
