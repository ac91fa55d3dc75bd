/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * AUTH_MAC: an authentication flavour of RPC (RFC 5531, section 8). Both sides of a call prove that
 * they have a key, however wrong their clocks are.
 *
 *     call     credentials: key id    verifier: MAC, nonce
 *     reply    verifier: MAC, the verifier's length, and zeros, so many that the reply is as long
 * as its call
 *
 * A MAC (rpc/mac.h) covers the program, version, procedure and key id, in a reply the MAC of the
 * call, and all octets of the message behind it. The nonce is random, so that no two calls have
 * the same MAC, and a reply is to one call only. The xid is not covered: it finds the call.
 *
 * Only accepted replies are authentic. Anybody may have sent a denied one, such as AUTH_ERROR.
 *
 * The MAC is written last, after the transmit timestamp, so that it covers the timestamp.
 */
#ifndef RPC_AUTH_MAC_H
#define RPC_AUTH_MAC_H

#include <rpc/rpc.h>

#include "rpc/mac.h"
#include "rpc/wire.h"

/* The number of the flavour, which is also that of the program; IANA has assigned neither. */
#define AUTH_MAC 542397273
/* The label of its MACs, for mac_open. */
#define AUTH_MAC_LABEL "timesync v1"

#define AUTH_MAC_NONCE_SIZE 16
/* The header of a call; its arguments come behind it. With AUTH_NONE it has WIRE_CALL_SIZE. */
#define AUTH_MAC_CALL_SIZE 92

/*
 * Client: write the header of a call, to be made under the first key, with zeros as the MAC. 0, or
 * -errno when no random nonce can be made.
 */
int auth_mac_put_call(const struct mac *mac, uint8_t at[AUTH_MAC_CALL_SIZE], uint32_t xid,
		      rpcprog_t prog, rpcvers_t vers, rpcproc_t proc);

/* Client: compute the MAC of a call of `n` octets that is complete but for that. */
void auth_mac_finish_call(struct mac *mac, uint8_t *call, size_t n);

/*
 * Client: whether the reply is authentic and answers that call. If so its verifier is cut out: a
 * reply of *n octets with AUTH_NONE is left. Otherwise nothing is changed.
 */
bool auth_mac_open_reply(struct mac *mac, const uint8_t *call, size_t call_len, uint8_t *reply,
			 size_t *n);

/*
 * Server: whether a call, whose header has been decoded and whose flavour is AUTH_MAC, is
 * authentic: AUTH_OK; AUTH_BADCRED, there is no such key; or AUTH_BADVERF.
 */
enum auth_stat auth_mac_check_call(struct mac *mac, const uint8_t *call, size_t n);

/*
 * Server: make room for the verifier in an accepted reply with AUTH_NONE of *n octets, at most
 * `max`, so that it is as long as its call. By how much it is longer now; 0, and nothing is
 * changed, when it has no room.
 */
size_t auth_mac_widen_reply(uint8_t *reply, size_t *n, size_t max, size_t call_len);

/* Server: compute the MAC of such a reply, to that call, when it is complete but for that. */
void auth_mac_finish_reply(struct mac *mac, const uint8_t *call, uint8_t *reply, size_t n);

#endif
