/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * RPC messages, octet by octet, so that tests can make those that no library would.
 */
#ifndef TESTS_SUPPORT_MESSAGE_H
#define TESTS_SUPPORT_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

struct message {
	size_t len;
	uint8_t bytes[4096];
};

/* Add an integer, an XDR hyper, or opaque octets with their length in front and zeros behind. */
void message_u32(struct message *m, uint32_t v);
void message_u64(struct message *m, uint64_t v);
void message_opaque(struct message *m, const void *octets, size_t n);

/* The header of a call with AUTH_NONE: 40 octets; arguments can be added. */
struct message message_call(uint32_t xid, uint32_t prog, uint32_t vers, uint32_t proc);

/* The header of a reply: accepted, with an empty verifier and this status, 24 octets. */
struct message message_reply(uint32_t xid, uint32_t accept_stat);

/* The 32 or 64 bits at an offset. */
uint32_t message_get_u32(const uint8_t *bytes, size_t at);
uint64_t message_get_u64(const uint8_t *bytes, size_t at);

/* Where the fields of a call are. */
enum {
	CALL_XID_AT = 0,
	CALL_TYPE_AT = 4,
	CALL_RPCVERS_AT = 8,
	CALL_PROG_AT = 12,
	CALL_VERS_AT = 16,
	CALL_PROC_AT = 20,
	CALL_FLAVOUR_AT = 24,
	CALL_HEADER_SIZE = 40
};

/* And those of an accepted reply. */
enum {
	REPLY_XID_AT = 0,
	REPLY_TYPE_AT = 4,
	REPLY_STAT_AT = 8,
	REPLY_ACCEPT_STAT_AT = 20,
	REPLY_HEADER_SIZE = 24
};

/* Overwrite the integer at an offset. */
void message_set_u32(struct message *m, size_t at, uint32_t v);

#endif
