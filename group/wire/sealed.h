/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * The sealed envelope in which everything of TIMEGROUP_PROG travels: a body, and who can have
 * written it.
 *
 * A group without keys has no seals either: its envelopes have key id 0. That is what a null
 * struct seal stands for below.
 */
#ifndef GROUP_WIRE_SEALED_H
#define GROUP_WIRE_SEALED_H

#include <rpc/rpc.h>

#include "group/wire/codec.h"
#include "group/wire/seal.h"

struct group_sealed {
	uint32_t key_id;
	const uint8_t *body; /* not owned */
	size_t n;
	uint8_t seal[SEAL_SIZE];
};

/* A number that nobody can guess, and that never comes again. */
struct ticket_nonce group_nonce(void);

/* Seal the body in it, as a call of that procedure, or as the reply to one of that seal. 0 or
 * -EIO. */
int group_seal_call(struct group_sealed *m, struct seal *s, enum group_procedure proc);
int group_seal_reply(struct group_sealed *m, struct seal *s, enum group_procedure proc,
		     const uint8_t call_seal[SEAL_SIZE]);

/* Whether it is what a holder of a key has sealed as such. */
bool group_check_call(const struct group_sealed *m, struct seal *s, enum group_procedure proc);
bool group_check_reply(const struct group_sealed *m, struct seal *s, enum group_procedure proc,
		       const uint8_t call_seal[SEAL_SIZE]);

/* An xdrproc_t that encodes one. */
bool_t group_xdr_sealed(XDR *xdr, struct group_sealed *m);

/* Find the parts of an encoded one: `out` points into the bytes. */
bool group_parse_sealed(struct group_sealed *out, const uint8_t *bytes, size_t n);

#endif
