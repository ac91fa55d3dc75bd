/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The envelope of every message of TIMEGROUP_PROG: a body and its MAC.
 *
 * The envelopes of a group without keys have key id 0 and no MAC; a null struct mac stands for that
 * below.
 */
#ifndef GROUP_WIRE_ENVELOPE_H
#define GROUP_WIRE_ENVELOPE_H

#include <rpc/rpc.h>

#include "group/wire/codec.h"
#include "rpc/mac.h"

/* The label of a group's MACs, for mac_open. */
#define GROUP_MAC_LABEL "timesync group v1"

struct group_envelope {
	uint32_t key_id;
	const uint8_t *body; /* not owned */
	size_t n;
	uint8_t mac[MAC_SIZE];
};

/* A number that nobody can guess, and that never comes again. */
struct ticket_nonce group_nonce(void);

/* Add the MAC: of a call of that procedure, or of the reply to the call with that MAC. 0 or -errno.
 */
int group_authenticate_call(struct group_envelope *m, struct mac *s, enum group_procedure proc);
int group_authenticate_reply(struct group_envelope *m, struct mac *s, enum group_procedure proc,
			     const uint8_t call_mac[MAC_SIZE]);

/* Whether the MAC of that call or reply is right. */
bool group_check_call(const struct group_envelope *m, struct mac *s, enum group_procedure proc);
bool group_check_reply(const struct group_envelope *m, struct mac *s, enum group_procedure proc,
		       const uint8_t call_mac[MAC_SIZE]);

/* An xdrproc_t that encodes one. */
bool_t group_xdr_envelope(XDR *xdr, struct group_envelope *m);

/* Find the parts of an encoded one: `out` points into the bytes. */
bool group_parse_envelope(struct group_envelope *out, const uint8_t *bytes, size_t n);

#endif
