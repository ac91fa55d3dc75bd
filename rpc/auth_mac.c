/* SPDX-License-Identifier: BSD-3-Clause */
#include "rpc/auth_mac.h"

#include <string.h>

#include "os/entropy.h"

/* Where the parts of a call are. */
#define CALL_PROG      12
#define CALL_VERS      16
#define CALL_PROC      20
#define CALL_CRED      24 /* flavour, length, key id */
#define CALL_KEY       32
#define CALL_VERF      36 /* flavour, length, MAC, nonce */
#define CALL_MAC       44
#define CALL_NONCE     (CALL_MAC + MAC_SIZE)
#define CALL_CRED_SIZE 4
#define CALL_VERF_SIZE (MAC_SIZE + AUTH_MAC_NONCE_SIZE)
_Static_assert(CALL_NONCE + AUTH_MAC_NONCE_SIZE == AUTH_MAC_CALL_SIZE, "the header ends there");

/* Where those of a reply are. */
#define REPLY_TYPE    4
#define REPLY_STAT    8
#define REPLY_VERF    12 /* flavour, length, MAC, length again, zeros */
#define REPLY_MAC     20
#define REPLY_COVERED (REPLY_MAC + MAC_SIZE)

static struct mac_place place_of(const uint8_t *call, enum mac_direction direction)
{
	return (struct mac_place){
		.direction = direction,
		.program = wire_get_u32(call + CALL_PROG),
		.version = wire_get_u32(call + CALL_VERS),
		.procedure = wire_get_u32(call + CALL_PROC),
		.call_mac = direction == MAC_REPLY ? call + CALL_MAC : NULL,
	};
}

int auth_mac_put_call(const struct mac *mac, uint8_t at[AUTH_MAC_CALL_SIZE], uint32_t xid,
		      rpcprog_t prog, rpcvers_t vers, rpcproc_t proc)
{
	wire_put_call(at, xid, prog, vers, proc);
	wire_put_u32(at + CALL_CRED, AUTH_MAC);
	wire_put_u32(at + CALL_CRED + 4, CALL_CRED_SIZE);
	wire_put_u32(at + CALL_KEY, mac_key(mac));
	wire_put_u32(at + CALL_VERF, AUTH_MAC);
	wire_put_u32(at + CALL_VERF + 4, CALL_VERF_SIZE);
	memset(at + CALL_MAC, 0, MAC_SIZE);
	return entropy_fill(at + CALL_NONCE, AUTH_MAC_NONCE_SIZE);
}

void auth_mac_finish_call(struct mac *mac, uint8_t *call, size_t n)
{
	const struct mac_place place = place_of(call, MAC_CALL);

	(void)mac_make(mac, &place, call + CALL_NONCE, n - CALL_NONCE,
		       wire_get_u32(call + CALL_KEY), call + CALL_MAC);
}

enum auth_stat auth_mac_check_call(struct mac *mac, const uint8_t *call, size_t n)
{
	struct mac_place place;

	if (n < AUTH_MAC_CALL_SIZE || wire_get_u32(call + CALL_CRED + 4) != CALL_CRED_SIZE ||
	    !mac_knows(mac, wire_get_u32(call + CALL_KEY))) {
		return AUTH_BADCRED;
	}
	place = place_of(call, MAC_CALL);
	return wire_get_u32(call + CALL_VERF) == AUTH_MAC &&
			       wire_get_u32(call + CALL_VERF + 4) == CALL_VERF_SIZE &&
			       mac_check(mac, &place, call + CALL_NONCE, n - CALL_NONCE,
					 wire_get_u32(call + CALL_KEY), call + CALL_MAC)
		       ? AUTH_OK
		       : AUTH_BADVERF;
}

size_t auth_mac_widen_reply(uint8_t *reply, size_t *n, size_t max, size_t call_len)
{
	const size_t more = call_len - *n;

	if (call_len > max || call_len < *n + MAC_SIZE + 4) {
		return 0;
	}
	memmove(reply + REPLY_MAC + more, reply + REPLY_MAC, *n - REPLY_MAC);
	memset(reply + REPLY_MAC, 0, more);
	wire_put_u32(reply + REPLY_VERF, AUTH_MAC);
	wire_put_u32(reply + REPLY_VERF + 4, (uint32_t)more);
	wire_put_u32(reply + REPLY_COVERED, (uint32_t)more);
	*n = call_len;
	return more;
}

void auth_mac_finish_reply(struct mac *mac, const uint8_t *call, uint8_t *reply, size_t n)
{
	const struct mac_place place = place_of(call, MAC_REPLY);

	(void)mac_make(mac, &place, reply + REPLY_COVERED, n - REPLY_COVERED,
		       wire_get_u32(call + CALL_KEY), reply + REPLY_MAC);
}

bool auth_mac_open_reply(struct mac *mac, const uint8_t *call, size_t call_len, uint8_t *reply,
			 size_t *n)
{
	const struct mac_place place = place_of(call, MAC_REPLY);
	size_t verf;

	if (*n != call_len || wire_get_u32(reply + REPLY_TYPE) != REPLY ||
	    wire_get_u32(reply + REPLY_STAT) != MSG_ACCEPTED ||
	    wire_get_u32(reply + REPLY_VERF) != AUTH_MAC) {
		return false;
	}
	verf = wire_get_u32(reply + REPLY_VERF + 4);
	if (verf != wire_get_u32(reply + REPLY_COVERED) || verf > *n - REPLY_MAC ||
	    !mac_check(mac, &place, reply + REPLY_COVERED, *n - REPLY_COVERED,
		       wire_get_u32(call + CALL_KEY), reply + REPLY_MAC)) {
		return false;
	}
	wire_put_u32(reply + REPLY_VERF, AUTH_NONE);
	wire_put_u32(reply + REPLY_VERF + 4, 0);
	memmove(reply + REPLY_MAC, reply + REPLY_MAC + verf, *n - REPLY_MAC - verf);
	*n -= verf;
	return true;
}
