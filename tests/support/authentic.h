/* SPDX-License-Identifier: BSD-3-Clause */
/* Keys for tests, and the authenticated call and reply of docs/protocol.md. */
#ifndef TESTS_SUPPORT_AUTHENTIC_H
#define TESTS_SUPPORT_AUTHENTIC_H

#include "rpc/auth_mac.h"
#include "tests/support/message.h"

/* The keys 7, whose octets are 0 to 31, and 8, whose octets are 255 down to 224. */
struct keys authentic_keys(void);

/* Their MACs; ends the test if there are none. The caller releases it with mac_close. */
struct mac *authentic_mac(void);

/* A call of GET_TIMESTAMPS and its reply, made by an independent implementation under key 7. */
#define AUTHENTIC_SIZE 100
extern const uint8_t authentic_call[AUTHENTIC_SIZE], authentic_reply[AUTHENTIC_SIZE];

/* Where their parts are. */
enum {
	AUTHENTIC_CALL_KEY_AT = 32,
	AUTHENTIC_CALL_MAC_AT = 44,
	AUTHENTIC_CALL_NONCE_AT = 76,
	AUTHENTIC_REPLY_MAC_AT = 20
};

/* A complete call of TIMESYNC_PROG, version 1, with these arguments, under the first key. */
struct message authentic_call_of(struct mac *mac, uint32_t xid, uint32_t proc, const void *args,
				 size_t n);

#endif
