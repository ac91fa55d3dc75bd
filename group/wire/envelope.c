/* SPDX-License-Identifier: BSD-3-Clause */
#include "group/wire/envelope.h"

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

static struct mac_place place_of(enum group_procedure proc, const uint8_t *call_mac)
{
	return (struct mac_place){
		.direction = call_mac ? MAC_REPLY : MAC_CALL,
		.program = GROUP_PROGRAM,
		.version = GROUP_VERSION,
		.procedure = proc,
		.call_mac = call_mac,
	};
}

static int make(struct group_envelope *m, struct mac *s, enum group_procedure proc,
		const uint8_t *call_mac)
{
	const struct mac_place place = place_of(proc, call_mac);

	if (!s) {
		m->key_id = 0;
		memset(m->mac, 0, sizeof(m->mac));
		return 0;
	}
	m->key_id = mac_key(s);
	return mac_make(s, &place, m->body, m->n, m->key_id, m->mac);
}

static bool check(const struct group_envelope *m, struct mac *s, enum group_procedure proc,
		  const uint8_t *call_mac)
{
	static const uint8_t zeros[MAC_SIZE];
	const struct mac_place place = place_of(proc, call_mac);

	if (!s) {
		return m->key_id == 0 && memcmp(m->mac, zeros, sizeof(zeros)) == 0;
	}
	return mac_check(s, &place, m->body, m->n, m->key_id, m->mac);
}

int group_authenticate_call(struct group_envelope *m, struct mac *s, enum group_procedure proc)
{
	return make(m, s, proc, NULL);
}

int group_authenticate_reply(struct group_envelope *m, struct mac *s, enum group_procedure proc,
			     const uint8_t call_mac[MAC_SIZE])
{
	return make(m, s, proc, call_mac);
}

bool group_check_call(const struct group_envelope *m, struct mac *s, enum group_procedure proc)
{
	return check(m, s, proc, NULL);
}

bool group_check_reply(const struct group_envelope *m, struct mac *s, enum group_procedure proc,
		       const uint8_t call_mac[MAC_SIZE])
{
	return check(m, s, proc, call_mac);
}

bool_t group_xdr_envelope(XDR *xdr, struct group_envelope *m)
{
	timegroup_envelope w = { .key_id = m->key_id };

	if (xdr->x_op != XDR_ENCODE) {
		return FALSE;
	}
	w.body.body_len = (u_int)m->n;
	w.body.body_val = (char *)(uintptr_t)m->body;
	memcpy(w.mac, m->mac, sizeof(w.mac));
	return xdr_timegroup_envelope(xdr, &w);
}

bool group_parse_envelope(struct group_envelope *out, const uint8_t *bytes, size_t n)
{
	const size_t head = 8;
	size_t padded;

	if (n < head) {
		return false;
	}
	out->key_id = wire_get_u32(bytes);
	out->n = wire_get_u32(bytes + 4);
	padded = (out->n + 3) / 4 * 4;
	if (out->n > GROUP_BODY_MAX || n != head + padded + MAC_SIZE) {
		return false;
	}
	out->body = bytes + head;
	memcpy(out->mac, bytes + head + padded, MAC_SIZE);
	return true;
}
