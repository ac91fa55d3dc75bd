/* SPDX-License-Identifier: BSD-3-Clause */
#include "tests/bench/support/message.h"

#include <nettle/sha2.h>
#include <string.h>

#include "rpc/auth_mac.h"
#include "rpc/client/exchange.h"
#include "rpc/wire.h"

#define GET_TIMESTAMPS 1
#define RPC_REPLY      1
#define RPC_MAC_SIZE   (AUTH_MAC_CALL_SIZE + 8)
_Static_assert(RPC_MAC_SIZE <= MESSAGE_MAX, "it fits");

#define NTP_VERSION_4   (4 << 3)
#define NTP_MODE_CLIENT 3
#define NTP_MODE_SERVER 4
#define NTP_MODE_MASK   7
#define NTP_TRANSMIT    40 /* octets before the transmit timestamp */
#define NTP_DIGEST_SIZE 20
#define NTP_MAC_SIZE    (MESSAGE_SIZE + 4 + NTP_DIGEST_SIZE)

/* xid, CALL, version, program, version, procedure, two empty credentials (RFC 5531), ts1. */
static void rpc_request(uint8_t *message)
{
	memset(message, 0, MESSAGE_SIZE);
	wire_put_call(message, 0, EXCHANGE_PROGRAM, EXCHANGE_VERSION, GET_TIMESTAMPS);
}

static void rpc_renumber(uint8_t *message, uint32_t number)
{
	wire_put_u32(message, number);
	wire_put_ts(message + WIRE_CALL_SIZE, number);
}

/* xid, REPLY, MSG_ACCEPTED, an empty verifier, SUCCESS, then ts1, which must be the request's. */
static bool rpc_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && wire_get_u32(message + 4) == RPC_REPLY &&
	       wire_get_u32(message + 8) == 0 && wire_get_u32(message + 20) == 0 &&
	       wire_get_u32(message + 28) == wire_get_u32(message);
}

static struct keys bench_keys(void)
{
	struct keys keys = { .n = 1, .key = { { .id = MESSAGE_KEY_ID } } };

	for (size_t i = 0; i < KEYS_KEY_SIZE; i++) {
		keys.key[0].bytes[i] = (uint8_t)i;
	}
	return keys;
}

/* A failure leaves a MAC that is wrong, and no reply counts. */
static void rpc_mac_request(uint8_t *message)
{
	const struct keys keys = bench_keys();
	struct mac *mac;

	memset(message, 0, RPC_MAC_SIZE);
	if (mac_open(&mac, &keys, AUTH_MAC_LABEL) == 0) {
		(void)auth_mac_put_call(mac, message, 0, EXCHANGE_PROGRAM, EXCHANGE_VERSION,
					GET_TIMESTAMPS);
		auth_mac_finish_call(mac, message, RPC_MAC_SIZE);
		mac_close(mac);
	}
}

/* xid, REPLY, MSG_ACCEPTED, AUTH_MAC; whether the MAC is right is tested elsewhere. */
static bool rpc_mac_is_reply(const uint8_t *message, size_t len)
{
	return len == RPC_MAC_SIZE && wire_get_u32(message + 4) == RPC_REPLY &&
	       wire_get_u32(message + 8) == 0 && wire_get_u32(message + 12) == AUTH_MAC;
}

static void ntp_request(uint8_t *message)
{
	memset(message, 0, MESSAGE_SIZE);
	message[0] = NTP_VERSION_4 | NTP_MODE_CLIENT;
	wire_put_ts(message + NTP_TRANSMIT, 1); /* not 0, that is "unknown" */
}

static void ntp_renumber(uint8_t *message, uint32_t number)
{
	wire_put_ts(message + NTP_TRANSMIT, (ts_ns)number + 1);
}

static bool ntp_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && (message[0] & NTP_MODE_MASK) == NTP_MODE_SERVER;
}

/* Behind the packet the key id, and what of SHA-256 over key and packet fits into version 4. */
static void ntp_mac_request(uint8_t *message)
{
	const struct keys keys = bench_keys();
	struct sha256_ctx digest;

	ntp_request(message);
	sha256_init(&digest);
	sha256_update(&digest, KEYS_KEY_SIZE, keys.key[0].bytes);
	sha256_update(&digest, MESSAGE_SIZE, message);
	wire_put_u32(message + MESSAGE_SIZE, MESSAGE_KEY_ID);
	sha256_digest(&digest, NTP_DIGEST_SIZE, message + MESSAGE_SIZE + 4);
}

static bool ntp_mac_is_reply(const uint8_t *message, size_t len)
{
	return len == NTP_MAC_SIZE && (message[0] & NTP_MODE_MASK) == NTP_MODE_SERVER &&
	       wire_get_u32(message + MESSAGE_SIZE) == MESSAGE_KEY_ID;
}

static bool echo_is_reply(const uint8_t *message, size_t len)
{
	return len == MESSAGE_SIZE && wire_get_u32(message + 12) == EXCHANGE_PROGRAM;
}

/* The MAC does not cover an xid. Of NTP it covers all, so all requests are the same. */
static void renumber_xid(uint8_t *message, uint32_t number)
{
	wire_put_u32(message, number);
}

static void do_not_renumber(uint8_t *message, uint32_t number)
{
	(void)message;
	(void)number;
}

static const struct protocol protocols[] = {
	{ "rpc", MESSAGE_SIZE, rpc_request, rpc_renumber, rpc_is_reply },
	{ "ntp", MESSAGE_SIZE, ntp_request, ntp_renumber, ntp_is_reply },
	{ "rpc-mac", RPC_MAC_SIZE, rpc_mac_request, renumber_xid, rpc_mac_is_reply },
	{ "ntp-mac", NTP_MAC_SIZE, ntp_mac_request, do_not_renumber, ntp_mac_is_reply },
	{ "echo", MESSAGE_SIZE, rpc_request, rpc_renumber, echo_is_reply },
};

const struct protocol *protocol_named(const char *name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(protocols[i].name, name) == 0) {
			return &protocols[i];
		}
	}
	return NULL;
}
